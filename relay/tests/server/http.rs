//! Every route, by its path.

mod dev_token;
mod healthz;
mod metrics;
mod page;
mod readyz;
mod v1_info;
mod v1_socket;
