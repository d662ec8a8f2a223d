//! Where each value came from.

use std::{
    collections::BTreeMap,
    fmt, fs,
    ops::Range,
    path::{Path, PathBuf},
};

use clap::{ArgMatches, parser::ValueSource};
use seqline_protocol::Secret;

use super::{ConfigError, Settings};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag.
    Flag(String),
    /// An environment variable.
    Environment(String),
    /// The configuration file.
    File(PathBuf),
    /// Nowhere: the default, or nothing.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "from the flag {name}"),
            Self::Environment(name) => write!(f, "from the environment variable {name}"),
            Self::File(path) => write!(f, "from the file {}", path.display()),
            Self::Default => f.write_str("not set"),
        }
    }
}

/// The settings of each source, before they are put together.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// From flags and environment.
    given: Settings,
    /// From the file.
    file: Settings,
    /// The same as it is written there. Some of it is secret.
    file_texts: BTreeMap<String, Secret>,
    file_path: Option<PathBuf>,
    flags: Vec<String>,
}

impl Sources {
    /// What the command line, the environment and the file that they name say.
    ///
    /// # Errors
    /// [`ConfigError`] if there is a file that cannot be read.
    pub fn gather(
        mut given: Settings,
        matches: &ArgMatches,
        app_secret: Option<String>,
    ) -> Result<Self, ConfigError> {
        given.app_secret = app_secret.map(Secret::new);
        let (file, file_texts) = match &given.config {
            Some(path) => read(path)?,
            None => Default::default(),
        };
        let flags = matches
            .ids()
            .filter(|id| matches.value_source(id.as_str()) == Some(ValueSource::CommandLine))
            .map(|id| id.as_str().to_owned())
            .collect();
        Ok(Self {
            file_path: given.config.clone(),
            given,
            file,
            file_texts,
            flags,
        })
    }

    /// A setting's value and where it came from.
    pub(super) fn pick<T: Clone>(
        &self,
        field: &str,
        of: impl Fn(&Settings) -> &Option<T>,
    ) -> (Option<T>, Origin) {
        if let Some(value) = of(&self.given) {
            return (Some(value.clone()), self.given_by(field));
        }
        match (of(&self.file), &self.file_path) {
            (Some(value), Some(path)) => (Some(value.clone()), Origin::File(path.clone())),
            _ => (None, Origin::Default),
        }
    }

    /// A setting's value as it was written, and where it came from.
    #[must_use]
    pub fn text_of(&self, key: &str, matches: &ArgMatches) -> (Option<String>, Origin) {
        if let Ok(Some(values)) = matches.try_get_raw(key) {
            let values = values.map(|value| value.to_string_lossy().into_owned());
            let text = values.collect::<Vec<_>>().join(",");
            return (Some(text), self.given_by(key));
        }
        match (self.file_texts.get(key), &self.file_path) {
            (Some(value), Some(path)) => {
                (Some(value.expose().to_owned()), Origin::File(path.clone()))
            }
            _ => (None, Origin::Default),
        }
    }

    fn given_by(&self, field: &str) -> Origin {
        if self.flags.iter().any(|flag| flag == field) {
            Origin::Flag(format!("--{}", field.replace('_', "-")))
        } else {
            Origin::Environment(format!("SEQLINE_{}", field.to_uppercase()))
        }
    }

    /// Where the file of settings is, if there is one.
    #[must_use]
    pub fn file_path(&self) -> Option<&Path> {
        self.file_path.as_deref()
    }

    /// The settings of the file, and where it is.
    pub(super) fn file(&self) -> (&Settings, Origin) {
        let origin = self.file_path.clone().map_or(Origin::Default, Origin::File);
        (&self.file, origin)
    }
}

fn read(path: &PathBuf) -> Result<(Settings, BTreeMap<String, Secret>), ConfigError> {
    let text = fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
        path: path.clone(),
        source,
    })?;
    let malformed = |error: toml::de::Error| ConfigError::Malformed {
        path: path.clone(),
        place: place(&text, error.span()),
        reason: error.message().to_owned(),
    };
    let settings = toml::from_str(&text).map_err(malformed)?;
    let values: toml::Table = toml::from_str(&text).map_err(malformed)?;
    let texts = values.into_iter().map(|(key, value)| {
        let text = Secret::new(written(&value));
        (key, text)
    });
    Ok((settings, texts.collect()))
}

fn written(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Array(values) => values.iter().map(written).collect::<Vec<_>>().join(","),
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Boolean(is_set) => is_set.to_string(),
        // Of no setting, or it would have been refused.
        _ => String::new(),
    }
}

fn place(text: &str, span: Option<Range<usize>>) -> String {
    let start = span.map_or(0, |span| span.start);
    let before = text.get(..start).unwrap_or_default();
    let line = before.matches('\n').count();
    let setting = text.lines().nth(line).and_then(|line| line.split_once('='));
    let setting = setting.map(|(name, _)| name.trim()).filter(|name| {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        name.bytes().all(is_plain)
    });
    let number = line + 1;
    setting.map_or_else(
        || format!("line {number}"),
        |name| format!("line {number}, {name}"),
    )
}
