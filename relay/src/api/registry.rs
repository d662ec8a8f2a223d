//! All methods. Routes, the socket's `call` and the OpenAPI document come from here.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use seqline_protocol::ErrorCode;

use super::{
    ApiError, Caller, Place, allow_list, broadcasts, conversations, devices,
    endpoint::{Endpoint, Example, Via, Who},
    groups, messages, params, presence, rooms, timeline, users,
};
use crate::app::App;

/// A method.
pub struct Method {
    /// `group.name`.
    pub name: &'static str,
    /// One line for people.
    pub summary: &'static str,
    /// More lines, in Markdown.
    pub details: &'static str,
    /// Who may call it.
    pub who: Who,
    /// Where it is called.
    pub via: Via,
    /// What it may answer beside what every method may.
    pub errors: &'static [ErrorCode],
    /// A call.
    pub example: Example,
    /// Whether these parameters can be read: used to hold the example to the method.
    pub reads: fn(&str) -> Result<(), ApiError>,
    pub(super) params: fn(&mut SchemaGenerator) -> Schema,
    pub(super) value: fn(&mut SchemaGenerator) -> Schema,
    run: Run,
}

type Run = for<'a> fn(&'a Arc<App>, &'a Caller, &'a str) -> BoxFuture<'a, Result<String, ApiError>>;

/// Every method, by group and then as they are best learnt.
pub static METHODS: &[Method] = &[
    Method::of::<messages::Send>(),
    Method::of::<messages::Batch>(),
    Method::of::<messages::List>(),
    Method::of::<messages::Recall>(),
    Method::of::<messages::RecallBatch>(),
    Method::of::<messages::Edit>(),
    Method::of::<messages::Delete>(),
    Method::of::<messages::Receipts>(),
    Method::of::<messages::Search>(),
    Method::of::<conversations::List>(),
    Method::of::<conversations::Read>(),
    Method::of::<conversations::Clear>(),
    Method::of::<conversations::Export>(),
    Method::of::<timeline::Pull>(),
    Method::of::<groups::Create>(),
    Method::of::<groups::Get>(),
    Method::of::<groups::Members>(),
    Method::of::<groups::Invite>(),
    Method::of::<groups::Join>(),
    Method::of::<groups::Leave>(),
    Method::of::<groups::Remove>(),
    Method::of::<groups::Transfer>(),
    Method::of::<groups::Role>(),
    Method::of::<groups::Mute>(),
    Method::of::<groups::MuteAll>(),
    Method::of::<groups::Edit>(),
    Method::of::<groups::Dissolve>(),
    Method::of::<devices::List>(),
    Method::of::<devices::End>(),
    Method::of::<users::Register>(),
    Method::of::<users::Get>(),
    Method::of::<users::Kick>(),
    Method::of::<presence::Share>(),
    Method::of::<presence::Get>(),
    Method::of::<presence::Watch>(),
    Method::of::<presence::Unwatch>(),
    Method::of::<rooms::Join>(),
    Method::of::<rooms::Leave>(),
    Method::of::<rooms::Send>(),
    Method::of::<broadcasts::Create>(),
    Method::of::<broadcasts::Get>(),
    Method::of::<broadcasts::List>(),
    Method::of::<broadcasts::Edit>(),
    Method::of::<broadcasts::Stage>(),
    Method::of::<broadcasts::Publish>(),
    Method::of::<broadcasts::Wave>(),
    Method::of::<broadcasts::Stop>(),
    Method::of::<broadcasts::Recall>(),
    Method::of::<broadcasts::Delete>(),
    Method::of::<broadcasts::Audit>(),
    Method::of::<broadcasts::Preview>(),
    Method::of::<broadcasts::Reach>(),
    Method::of::<broadcasts::Progress>(),
    Method::of::<broadcasts::Mine>(),
    Method::of::<broadcasts::Seen>(),
    Method::of::<broadcasts::Opened>(),
    Method::of::<allow_list::Get>(),
    Method::of::<allow_list::Replace>(),
    Method::of::<allow_list::Add>(),
    Method::of::<allow_list::Remove>(),
];

/// The method of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.name == name)
}

impl Method {
    const fn of<E: Endpoint + 'static>() -> Self {
        Self {
            name: E::NAME,
            summary: E::SUMMARY,
            details: E::DETAILS,
            who: E::WHO,
            via: E::VIA,
            errors: E::ERRORS,
            example: E::EXAMPLE,
            reads: reads::<E>,
            params: <E::Params as JsonSchema>::json_schema,
            value: <E::Value as JsonSchema>::json_schema,
            run: |app, caller, params| Box::pin(run::<E>(app, caller, params)),
        }
    }

    /// The part of the name before the dot.
    #[must_use]
    pub fn group(&self) -> &'static str {
        self.name.split('.').next().unwrap_or(self.name)
    }

    /// Where it is over HTTP.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/v1/{}", self.name.replace('.', "/"))
    }

    pub(super) async fn call(
        &self,
        app: &Arc<App>,
        caller: &Caller,
        params: &str,
    ) -> Result<String, ApiError> {
        self.admit(caller)?;
        (self.run)(app, caller, params).await
    }

    fn admit(&self, caller: &Caller) -> Result<(), ApiError> {
        let (name, scope) = (self.name, caller.scope());
        if !self.who.scopes().contains(&scope) {
            let scopes: Vec<&str> = self.who.scopes().iter().map(|one| one.as_str()).collect();
            let (wanted, got) = (scopes.join(" or "), scope.as_str());
            let text = format!("`{name}` takes a token of scope {wanted}, and this is of {got}");
            return Err(ApiError::new(ErrorCode::ScopeForbidden, text));
        }
        if self.via == Via::Socket && matches!(caller.place, Place::Http) {
            let text = format!("`{name}` is called over the open socket only, by the frame `call`");
            return Err(ApiError::new(ErrorCode::MethodUnknown, text));
        }
        Ok(())
    }
}

fn reads<E: Endpoint>(text: &str) -> Result<(), ApiError> {
    params::read::<E::Params>(text).map(drop)
}

async fn run<E: Endpoint>(app: &Arc<App>, caller: &Caller, text: &str) -> Result<String, ApiError> {
    let params = params::read(text)?;
    let value = E::run(app, caller, params).await?;
    serde_json::to_string(&value)
        .map_err(|error| ApiError::new(ErrorCode::Internal, error.to_string()))
}
