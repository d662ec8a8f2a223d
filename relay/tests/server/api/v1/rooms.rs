mod join;
mod leave;
mod send;
