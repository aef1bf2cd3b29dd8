import { render } from 'preact';
import './styles/page.css';
import { open } from './state/actions.ts';
import { App } from './views/app.tsx';

render(<App />, document.getElementById('app')!);
void open();
