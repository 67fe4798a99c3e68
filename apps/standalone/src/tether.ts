/**
 * Loaded before a child's own program (`node --import tether.js main.js`): when the parent goes, however it goes, the IPC
 * channel closes and the child ends itself, gracefully if it can within five seconds.
 */
process.on('disconnect', () => {
  process.kill(process.pid, 'SIGTERM');
  setTimeout(() => process.exit(1), 5_000).unref();
});
// The parent went while this process was still starting: the event is over.
if (process.send && !process.connected) process.exit(1);
process.channel?.unref();
