//! What a token says of its user beside who she is. All of it is optional.

use std::collections::{BTreeMap, BTreeSet};

use seqline_protocol::{IdError, Label};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    broadcasts::{Attributes, attribute_value},
    limits::{ATTRIBUTE_BYTES_MAX, ATTRIBUTES_MAX, SEGMENTS_MAX},
};

/// What the app says of a user, by which broadcasts are chosen and filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// She has not logged in.
    pub guest: bool,
    /// Groups of users that broadcasts can be for, at most
    /// [`SEGMENTS_MAX`](crate::limits::SEGMENTS_MAX).
    pub segments: BTreeSet<Label>,
    /// Texts for placeholders, at most [`ATTRIBUTES_MAX`](crate::limits::ATTRIBUTES_MAX).
    pub attributes: Attributes,
}

impl Profile {
    /// Checks what is said of a user.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn new(
        guest: bool,
        segments: Vec<String>,
        attributes: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, String> {
        let attributes = attributes.into_iter();
        let attributes = attributes.map(|(name, text)| (name, Value::String(text)));
        let claims = ProfileClaims {
            guest: guest.into(),
            segments: segments.into(),
            attributes: Value::Object(attributes.collect()),
        };
        claims.check()
    }
}

/// As they stand in the token: read as anything, so that what is wrong is said in words.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct ProfileClaims {
    #[serde(default, skip_serializing_if = "Value::is_null")]
    guest: Value,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    segments: Value,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    attributes: Value,
}

impl ProfileClaims {
    pub(super) fn of(profile: &Profile) -> Self {
        let segments = profile.segments.iter().map(Label::as_str);
        let attributes = profile.attributes.iter();
        let attributes = attributes.map(|(name, text)| (name.clone(), Value::from(text.as_str())));
        let or_null = |is_there, value| if is_there { value } else { Value::Null };
        Self {
            guest: or_null(profile.guest, true.into()),
            segments: or_null(!profile.segments.is_empty(), segments.collect()),
            attributes: or_null(
                !profile.attributes.is_empty(),
                Value::Object(attributes.collect()),
            ),
        }
    }

    /// What they say, or what is wrong with them.
    pub(super) fn check(self) -> Result<Profile, String> {
        Ok(Profile {
            guest: guest(&self.guest)?,
            segments: segments(self.segments)?,
            attributes: attributes(self.attributes)?,
        })
    }
}

fn guest(claim: &Value) -> Result<bool, String> {
    match claim {
        Value::Null => Ok(false),
        Value::Bool(guest) => Ok(*guest),
        _ => Err("`guest` is true or false".to_owned()),
    }
}

fn segments(claim: Value) -> Result<BTreeSet<Label>, String> {
    let names = match claim {
        Value::Null => Vec::new(),
        Value::Array(names) => names,
        _ => return Err("`segments` is a list of names".to_owned()),
    };
    if names.len() > SEGMENTS_MAX {
        let count = names.len();
        return Err(format!(
            "`segments` has {count} names, and may have {SEGMENTS_MAX}"
        ));
    }
    let name = |name: Value| match name {
        Value::String(name) => Label::new(name).map_err(|error: IdError| {
            format!("`segments` is a list of names, and one is none: {error}")
        }),
        _ => Err("`segments` is a list of names, and one is no text".to_owned()),
    };
    names.into_iter().map(name).collect()
}

fn attributes(claim: Value) -> Result<Attributes, String> {
    let texts = match claim {
        Value::Null => return Ok(BTreeMap::new()),
        Value::Object(texts) => texts,
        _ => return Err("`attributes` has a text for each name".to_owned()),
    };
    if texts.len() > ATTRIBUTES_MAX {
        let count = texts.len();
        return Err(format!(
            "`attributes` has {count} names, and may have {ATTRIBUTES_MAX}"
        ));
    }
    let checked = texts.into_iter().map(|(name, text)| {
        let value = text.as_str().and_then(attribute_value);
        match (Label::new(name.clone()), value) {
            (Err(error), _) => Err(format!("`attributes` has a name that is none: {error}")),
            (_, None) => Err(format!(
                "`attributes.{name}` is no text of up to {ATTRIBUTE_BYTES_MAX} bytes without \
                 control characters"
            )),
            (Ok(_), Some(value)) => Ok((name, value.to_owned())),
        }
    });
    checked.collect()
}
