mod get;
mod kick;
mod register;
