//! Versions of apps: numbers with dots between them.

use std::cmp::Ordering;

const PARTS_MAX: usize = 8;

/// `4.2.1`. Parts that are not given count as zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version(Vec<u32>);

impl Version {
    /// Exactly that, and nothing around it: as operators write it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let parts: Option<Vec<u32>> = text
            .split('.')
            .map(|part| {
                let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
                is_number.then(|| part.parse().ok()).flatten()
            })
            .collect();
        parts.filter(|parts| parts.len() <= PARTS_MAX).map(Self)
    }

    /// What an app says of itself: `v4.2.1-beta+77` is 4.2.1.
    pub(super) fn of_app(text: &str) -> Option<Self> {
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.');
        let (numbers, _) = text.split_at(end.unwrap_or(text.len()));
        Self::parse(numbers.trim_end_matches('.'))
    }

    /// Whether this is no lower than another.
    pub(super) fn is_at_least(&self, min: &Self) -> bool {
        let parts = self.0.len().max(min.0.len());
        self.compare(min, parts) != Ordering::Less
    }

    /// Whether this is no higher than another: `4.2.9` is not higher than `4.2`.
    pub(super) fn is_at_most(&self, max: &Self) -> bool {
        self.compare(max, max.0.len()) != Ordering::Greater
    }

    fn compare(&self, other: &Self, parts: usize) -> Ordering {
        let part = |version: &Self, at: usize| version.0.get(at).copied().unwrap_or(0);
        (0..parts)
            .map(|at| part(self, at).cmp(&part(other, at)))
            .find(|ordering| ordering.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn only_numbers_with_dots_are_versions() {
        for text in [
            "4",
            "4.2",
            "4.2.1",
            "0.0.0",
            "2026.11.21",
            "1.2.3.4.5.6.7.8",
        ] {
            assert!(Version::parse(text).is_some(), "{text}");
        }
        let long = "1.2.3.4.5.6.7.8.9";
        for text in [
            "",
            ".",
            "4.",
            ".4",
            "4..2",
            "v4",
            "4.x",
            "4.2-beta",
            "+4",
            "-1",
            " 4",
            "4294967296",
            long,
            "四",
        ] {
            assert!(Version::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn an_app_may_add_to_its_version() {
        for text in [
            "4.2.1",
            "v4.2.1",
            "4.2.1-beta.3",
            "4.2.1+77",
            "4.2.1 (77)",
            "4.2.1.",
        ] {
            assert_eq!(Version::of_app(text), Version::parse("4.2.1"), "{text}");
        }
        for text in ["", "beta", "-4", "四.2"] {
            assert_eq!(Version::of_app(text), None, "{text}");
        }
    }

    #[test]
    fn parts_are_compared_as_numbers_and_a_highest_version_takes_in_what_it_begins() {
        for (one, other, is_at_least, is_at_most) in [
            ("4.2", "4.2", true, true),
            ("4.10", "4.9", true, false),
            ("4.2", "4.2.0", true, true),
            ("4.2", "4.2.1", false, true),
            ("4.2.9", "4.2", true, true),
            ("4.3", "4.2", true, false),
            ("4", "4.2", false, true),
            ("5", "4.9.9", true, false),
        ] {
            let (left, right) = (version(one), version(other));
            assert_eq!(left.is_at_least(&right), is_at_least, "{one} >= {other}");
            assert_eq!(left.is_at_most(&right), is_at_most, "{one} <= {other}");
        }
    }
}
