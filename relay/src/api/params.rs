//! Reads parameters, and says which field is wrong.

use seqline_protocol::{
    ErrorCode,
    limits::{PAGE_ENTRIES_DEFAULT, PAGE_ENTRIES_MAX},
};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::error::Category;

use super::ApiError;

/// Reads the parameters of a method: a JSON object, without a field that is not known.
pub(super) fn read<P: DeserializeOwned>(text: &str) -> Result<P, ApiError> {
    // A derived struct would read an array too, field by field.
    if !text.trim_start().starts_with('{') {
        return Err(malformed("it is not an object"));
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let params = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        match inner.classify() {
            Category::Data => ApiError::field(path.trim_matches('.'), without_place(&inner)),
            // Also said of what is JSON, but not of this form: an enum with two variants.
            _ if serde_json::from_str::<IgnoredAny>(text).is_ok() => {
                ApiError::field(path.trim_matches('.'), without_place(&inner))
            }
            _ => malformed(&inner.to_string()),
        }
    })?;
    json.end().map_err(|error| malformed(&error.to_string()))?;
    Ok(params)
}

/// How many are asked for, clipped to the largest page.
pub(super) fn limit(asked: Option<u16>) -> Result<usize, ApiError> {
    limit_up_to(PAGE_ENTRIES_MAX, asked)
}

/// The same with another largest page.
pub(super) fn limit_up_to(max: usize, asked: Option<u16>) -> Result<usize, ApiError> {
    match asked.map_or(PAGE_ENTRIES_DEFAULT, usize::from) {
        0 => Err(ApiError::field("limit", "it is at least 1")),
        limit => Ok(limit.min(max)),
    }
}

fn malformed(why: &str) -> ApiError {
    let text = format!("the parameters are a JSON object: {why}");
    ApiError::new(ErrorCode::FrameMalformed, text)
}

/// The line and column of a one-line text say less than the field's name does.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((message, _)) => message.to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use seqline_protocol::{ConvId, Seq};
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Params {
        #[expect(dead_code, reason = "read only")]
        conv: ConvId,
        #[expect(dead_code, reason = "read only")]
        after: Option<Seq>,
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, code, parts) in [
            ("", ErrorCode::FrameMalformed, ["object", ""]),
            ("[\"dm:a:b\"]", ErrorCode::FrameMalformed, ["object", ""]),
            ("{", ErrorCode::FrameMalformed, ["object", "EOF"]),
            ("{} {}", ErrorCode::FieldInvalid, ["conv", "missing"]),
            ("{}", ErrorCode::FieldInvalid, ["conv", "missing"]),
            (
                "{\"conv\":\"dm:a:b\"} x",
                ErrorCode::FrameMalformed,
                ["trailing", ""],
            ),
            (
                "{\"conv\":\"dm:b:a\"}",
                ErrorCode::FieldInvalid,
                ["conv: ", "dm:A:B"],
            ),
            (
                "{\"conv\":\"dm:a:b\",\"after\":-1}",
                ErrorCode::FieldInvalid,
                ["after: ", "-1"],
            ),
            (
                "{\"conv\":\"dm:a:b\",\"after\":9007199254740992}",
                ErrorCode::FieldInvalid,
                ["after: ", "2^53"],
            ),
            (
                "{\"conv\":\"dm:a:b\",\"aftr\":1}",
                ErrorCode::FieldInvalid,
                ["aftr", "unknown"],
            ),
            (
                "{\"conv\":\"dm:a:b\",\"conv\":\"dm:a:b\"}",
                ErrorCode::FieldInvalid,
                ["conv", "duplicate"],
            ),
        ] {
            let error = read::<Params>(text).unwrap_err();
            assert_eq!(error.code, code, "{text}: {error:?}");
            for part in parts {
                assert!(error.message.contains(part), "{text}: {error:?}");
            }
            assert!(!error.message.contains(" at line 1 column 0"), "{error:?}");
        }
    }

    #[test]
    fn a_page_has_at_least_one_and_at_most_so_many() {
        assert_eq!(limit(None).unwrap(), PAGE_ENTRIES_DEFAULT);
        assert_eq!(limit(Some(1)).unwrap(), 1);
        assert_eq!(limit(Some(u16::MAX)).unwrap(), PAGE_ENTRIES_MAX);
        assert_eq!(limit(Some(0)).unwrap_err().code, ErrorCode::FieldInvalid);
    }
}
