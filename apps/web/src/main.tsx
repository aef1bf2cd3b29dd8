import { render } from 'preact';
import './styles/theme.css';
import './styles/page.css';
import './styles/controls.css';
import './styles/views.css';
import { open } from './state/actions.ts';
import { followSettings, restore } from './state/effects.ts';
import { App } from './views/app.tsx';

restore();
render(<App />, document.getElementById('app')!);
followSettings();
void open();
