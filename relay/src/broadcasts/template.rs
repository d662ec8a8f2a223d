//! Personal text without personal rows: `{{name}}`, `{{name|friend}}`.
//!
//! What is between the braces is the name of an attribute, and a text for users of whom it is
//! not known; nothing, if none is given. `\{{` stands for `{{`, and `\\{{` for a backslash
//! before a placeholder. Values are inserted as they are: texts are plain text, not HTML.

use thiserror::Error;

use crate::limits::ATTRIBUTE_BYTES_MAX;

/// A text, taken apart once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Placeholder { name: String, default: String },
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TemplateError {
    /// No `}}`.
    #[error("a placeholder that begins with `{{{{{0}` is not closed; write \\{{{{ for two braces")]
    Open(String),
    /// The name is no name.
    #[error(
        "`{{{{{0}}}}}` is no placeholder: a name has letters, digits, _ and -; write \\{{{{ for two braces"
    )]
    Name(String),
}

impl Template {
    /// Takes a text apart.
    ///
    /// # Errors
    /// [`TemplateError`] says what in it is no placeholder.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            plain.push_str(before);
            if let Some(stripped) = plain.strip_suffix('\\') {
                let is_backslash = before.ends_with("\\\\");
                plain.truncate(stripped.len());
                if !is_backslash {
                    plain.push_str("{{");
                    rest = after;
                    continue;
                }
            }
            let Some((inside, beyond)) = after.split_once("}}") else {
                return Err(TemplateError::Open(after.chars().take(20).collect()));
            };
            let (name, default) = inside.split_once('|').unwrap_or((inside, ""));
            let name = name.trim();
            if !is_name(name) {
                return Err(TemplateError::Name(inside.chars().take(20).collect()));
            }
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Placeholder {
                name: name.to_owned(),
                default: default.to_owned(),
            });
            rest = beyond;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self(pieces))
    }

    /// The text as it is, whatever it looks like.
    #[must_use]
    pub fn literal(text: &str) -> Self {
        Self(vec![Piece::Text(text.to_owned())])
    }

    /// The names of its placeholders, as often as they occur.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Placeholder { name, .. } => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// The text as someone reads it of whom this is known.
    #[must_use]
    pub fn fill<'a>(&self, value: impl Fn(&str) -> Option<&'a str>) -> String {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Placeholder { name, default } => match value(name) {
                    Some(value) => text.push_str(bounded(value)),
                    None => text.push_str(default),
                },
            }
        }
        text
    }
}

/// Whether an attribute can be named so.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    !text.is_empty() && text.chars().all(is_plain)
}

/// However long the value is: a text that is filled in must fit a frame.
fn bounded(value: &str) -> &str {
    let (start, _) = value.split_at(value.floor_char_boundary(ATTRIBUTE_BYTES_MAX));
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(text: &str) -> String {
        let value = |name: &str| match name {
            "name" => Some("Ann {{city}} <b>"),
            "empty" => Some(""),
            _ => None,
        };
        Template::parse(text).unwrap().fill(value)
    }

    #[test]
    fn placeholders_are_filled_once_and_as_plain_text() {
        for (text, expected) in [
            ("", ""),
            ("Hello", "Hello"),
            ("Hello {{name}}!", "Hello Ann {{city}} <b>!"),
            ("{{ name }}", "Ann {{city}} <b>"),
            ("{{name|friend}}", "Ann {{city}} <b>"),
            ("{{city|your town}}.", "your town."),
            ("{{city|a|b}}", "a|b"),
            ("{{city}}.", "."),
            ("{{empty|full}}.", "."),
            ("{ name } }}", "{ name } }}"),
            (r"\{{name}} {{city|x}}", "{{name}} x"),
            (r"\\{{city|x}}", r"\x"),
            (r"C:\ {{city|x}}", r"C:\ x"),
            ("{{city|x}}{{city|y}}", "xy"),
            ("你好，{{city|朋友}}", "你好，朋友"),
        ] {
            assert_eq!(fill(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_placeholder_is_said() {
        for text in [
            "{{name",
            "a {{",
            "{{}}",
            "{{ }}",
            "{{a b}}",
            "{{|x}}",
            "{{{name}}}",
            "{{名}}",
        ] {
            assert!(Template::parse(text).is_err(), "{text}");
        }
        let error = Template::parse("{{a b}}").unwrap_err().to_string();
        assert!(error.starts_with("`{{a b}}` is no placeholder"), "{error}");
    }

    #[test]
    fn names_are_those_of_placeholders_and_a_value_never_bursts_a_frame() {
        let template = Template::parse(r"{{a}} {{b|x}} \{{c}} {{a}}").unwrap();
        assert_eq!(template.names().collect::<Vec<_>>(), ["a", "b", "a"]);
        let long = "é".repeat(ATTRIBUTE_BYTES_MAX);
        let filled = Template::parse("{{a}}").unwrap().fill(|_| Some(&long));
        assert_eq!(filled.len(), ATTRIBUTE_BYTES_MAX);
    }
}
