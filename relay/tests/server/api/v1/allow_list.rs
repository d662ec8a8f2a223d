mod add;
mod get;
mod remove;
mod replace;
