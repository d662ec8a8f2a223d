mod clear;
mod export;
mod list;
mod read;
