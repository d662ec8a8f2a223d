//! What would be refused of what an operator writes, each with its field and reason.

use std::collections::BTreeSet;

use seqline_protocol::{
    Micros,
    limits::{BODY_BYTES_MAX, TITLE_BYTES_MAX, json_bytes},
};

use super::{template::Template, version::Version};
use crate::{
    limits::{AUDIENCE_NAMES_MAX, PLACEHOLDERS_MAX},
    store::{Audience, BroadcastContent, BroadcastDraft, Staging},
};

/// One thing that would be refused.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Problem {
    /// The field's path, for example `audience.expires_us`.
    pub field: String,
    /// What is wrong with it, and what to do.
    pub message: String,
}

/// What of a draft would be refused. `names` are those that placeholders may have.
#[must_use]
pub fn check(draft: &BroadcastDraft, names: &BTreeSet<String>, now: Micros) -> Vec<Problem> {
    let mut problems = Problems::default();
    problems.check_content(&draft.content, names);
    problems.check_window(&draft.audience, now);
    problems.check_versions(&draft.audience);
    problems.check_names(&draft.audience);
    problems.0
}

/// What of a staging would be refused.
#[must_use]
pub fn check_staging(staging: Staging) -> Vec<Problem> {
    let mut problems = Problems::default();
    if staging.percent > 100 {
        let message = format!("it is from 0 to 100, not {}", staging.percent);
        problems.add("percent", message);
    } else if staging.percent == 0 && !staging.allow_list {
        let message = "nobody would see it: name a percentage, or the allow-list";
        problems.add("percent", message);
    }
    problems.0
}

#[derive(Default)]
struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, field: &str, message: impl Into<String>) {
        self.0.push(Problem {
            field: field.to_owned(),
            message: message.into(),
        });
    }

    fn check_content(&mut self, content: &BroadcastContent, names: &BTreeSet<String>) {
        let title_bytes = content.title.len();
        if title_bytes > TITLE_BYTES_MAX {
            let message = format!("it has {title_bytes} bytes, and may have {TITLE_BYTES_MAX}");
            self.add("content.title", message);
        }
        let body_bytes = json_bytes(&content.body);
        if body_bytes > BODY_BYTES_MAX {
            let message = format!(
                "it has {body_bytes} bytes as JSON writes it, and may have {BODY_BYTES_MAX}"
            );
            self.add("content.body", message);
        }
        let mut placeholders = 0;
        for (field, text) in [
            ("content.title", &content.title),
            ("content.body", &content.body),
        ] {
            if text.trim().is_empty() {
                self.add(field, "it is empty");
            }
            let template = match Template::parse(text) {
                Ok(template) => template,
                Err(error) => {
                    self.add(field, error.to_string());
                    continue;
                }
            };
            placeholders += template.names().count();
            let unknown: BTreeSet<_> = template
                .names()
                .filter(|name| !names.contains(*name))
                .collect();
            for name in unknown {
                self.add(field, unknown_name(name, names));
            }
        }
        if placeholders > PLACEHOLDERS_MAX {
            let message = format!(
                "title and body have {placeholders} placeholders, and may have {PLACEHOLDERS_MAX}"
            );
            self.add("content.body", message);
        }
    }

    fn check_window(&mut self, audience: &Audience, now: Micros) {
        let Some(expires) = audience.expires_us else {
            return;
        };
        if expires <= now {
            let message = "it is in the past: nobody would see it";
            self.add("audience.expires_us", message);
        }
        if audience.starts_us.is_some_and(|starts| starts >= expires) {
            let message = "it is not after `starts_us`: nobody would see it";
            self.add("audience.expires_us", message);
        }
    }

    fn check_versions(&mut self, audience: &Audience) {
        let mut version = |field: &str, text: &Option<String>| {
            let text = text.as_deref()?;
            let version = Version::parse(text);
            if version.is_none() {
                let message = format!("`{text}` is no version: numbers with dots, such as 4.2.1");
                self.add(field, message);
            }
            version
        };
        let min = version("audience.app_version_min", &audience.app_version_min);
        let max = version("audience.app_version_max", &audience.app_version_max);
        if let (Some(min), Some(max)) = (min, max)
            && !min.is_at_most(&max)
        {
            let message = "it is lower than `app_version_min`: nobody would see it";
            self.add("audience.app_version_max", message);
        }
    }

    fn check_names(&mut self, audience: &Audience) {
        for (field, names) in [
            ("audience.hosts", &audience.hosts),
            ("audience.segments", &audience.segments),
        ] {
            if names.len() > AUDIENCE_NAMES_MAX {
                let count = names.len();
                let message = format!("there are {count}, and may be {AUDIENCE_NAMES_MAX}");
                self.add(field, message);
            }
        }
    }
}

fn unknown_name(name: &str, names: &BTreeSet<String>) -> String {
    let known: Vec<_> = names.iter().map(String::as_str).collect();
    let known = if known.is_empty() {
        "none is configured".to_owned()
    } else {
        format!("known are {}", known.join(", "))
    };
    format!(
        "`{{{{{name}}}}}` is no attribute ({known}); the relay's operator can add it with \
         --broadcast-attributes"
    )
}
