mod get;
mod share;
mod unwatch;
mod watch;
