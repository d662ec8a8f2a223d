//! What the relay holds, whatever its clients do or leave undone.

mod descriptors;
mod line;
mod slow_readers;
