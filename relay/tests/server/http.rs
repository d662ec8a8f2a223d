//! Every route, by its path.

mod console;
mod dev_token;
mod docs_api;
mod healthz;
mod metrics;
mod page;
mod readyz;
mod request_id;
mod v1_info;
mod v1_methods;
mod v1_openapi;
mod v1_poll;
mod v1_socket;
