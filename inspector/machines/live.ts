// What the shell loads when somebody goes to the inspector: the page and the daemon's history, in one file of the build.
export { createLiveSource } from './live-source.ts';
export { MachinesPage } from './MachinesPage.tsx';
