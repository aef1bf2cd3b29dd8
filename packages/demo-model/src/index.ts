export { type DemoModelFile, type DemoModelName, type DemoModelSource, demoModel } from './demo-model.ts';
