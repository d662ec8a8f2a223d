mod batch;
mod delete;
mod edit;
mod list;
mod recall;
mod receipts;
mod search;
mod send;
