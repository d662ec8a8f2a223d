//! Broadcasts: messages to every user of an app. Operators write, try out, publish, stop and take
//! them back; users list them, claim them as new and open them.

mod audit;
mod command;
mod create;
mod delete;
mod edit;
mod get;
mod list;
mod mark;
mod mine;
mod opened;
mod preview;
mod progress;
mod publish;
mod reach;
mod recall;
mod record;
mod refusal;
mod seen;
mod stage;
mod stop;
mod wave;

pub(super) use self::{
    audit::Audit, create::Create, delete::Delete, edit::Edit, get::Get, list::List, mine::Mine,
    opened::Opened, preview::Preview, progress::Progress, publish::Publish, reach::Reach,
    recall::Recall, seen::Seen, stage::Stage, stop::Stop, wave::Wave,
};
