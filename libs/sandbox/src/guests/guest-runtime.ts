export type { CloudView, ListenerView, PortView, ServerView } from './cloud-view.js';
