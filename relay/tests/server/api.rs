//! The API's methods, each in a file at the path of its address.

mod v1;
