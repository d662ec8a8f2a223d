//! Text as search knows it: words, for whatever script.
//!
//! Scripts that put spaces between words are cut where letters and digits end. Those that do
//! not (Chinese, Japanese, Korean, Thai …) are cut into single characters, so that a phrase of
//! them finds them anywhere within a text, whatever a dictionary would take for a word. All
//! is lower case; full-width forms, ligatures and marks on letters count as the plain ones.

use std::borrow::Cow;

use seqline_protocol::Kind;
use serde::Deserialize;
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// Words that must follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct Phrase {
    pub(in crate::store) words: Vec<String>,
    /// Whether the last one may be the beginning of a word.
    pub(in crate::store) is_prefix: bool,
}

impl Phrase {
    /// Whether a text of these words contains it.
    pub(in crate::store) fn is_in(&self, words: &[String]) -> bool {
        let Some((last, firsts)) = self.words.split_last() else {
            return true;
        };
        words.windows(self.words.len()).any(|part| {
            part.split_last().is_some_and(|(end, begin)| {
                let ends = if self.is_prefix {
                    end.starts_with(last.as_str())
                } else {
                    end == last
                };
                ends && begin == firsts
            })
        })
    }
}

/// What a search asks for: everything that stands without space between, as a phrase. None
/// if there is no letter and no digit in it. Operators of search languages are plain text:
/// signs separate, and `AND`, `OR`, `NEAR` are words.
pub(in crate::store) fn phrases(query: &str) -> Vec<Phrase> {
    let mut phrases: Vec<Phrase> = query
        .split_whitespace()
        .map(|part| Phrase {
            words: words(part),
            is_prefix: false,
        })
        .filter(|phrase| !phrase.words.is_empty())
        .collect();
    if let Some(last) = phrases.last_mut() {
        last.is_prefix = query.chars().next_back().is_some_and(ends_open);
    }
    phrases
}

/// The words of a text, in their order.
pub(in crate::store) fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    // Whether the next letter goes on with the last word.
    let mut is_open = false;
    for c in folded(text) {
        let is_mark = is_combining_mark(c);
        if is_mark && let Some(last) = words.last_mut().filter(|_| is_open) {
            last.push(c);
        } else if stands_alone(c) {
            words.push(c.to_string());
            is_open = false;
        } else if c.is_alphanumeric() {
            match words.last_mut().filter(|_| is_open) {
                Some(last) => last.push(c),
                None => words.push(c.to_string()),
            }
            is_open = true;
        } else {
            is_open = false;
        }
    }
    words
}

/// What there is to search in a message: plain text, or the field `text` of JSON.
pub(in crate::store) fn text_of<'a>(kind: &Kind, body: &'a str) -> Option<Cow<'a, str>> {
    #[derive(Deserialize)]
    struct Body<'b> {
        #[serde(borrow)]
        text: Cow<'b, str>,
    }
    if *kind == Kind::text() {
        return Some(Cow::Borrowed(body));
    }
    // A struct would also be read from an array.
    if !body.trim_ascii_start().starts_with('{') {
        return None;
    }
    let body: Body<'a> = serde_json::from_str(body).ok()?;
    Some(body.text)
}

/// Whether more letters of the same word may follow.
fn ends_open(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

/// Compatible forms made one, marks taken off letters, lower case.
fn folded(text: &str) -> impl Iterator<Item = char> {
    text.nfkd()
        .flat_map(char::to_lowercase)
        .filter(|c| !is_accent(*c))
        .nfc()
}

/// Marks that readers of a script search without: accents and the vowel points of Hebrew
/// and Arabic. Others make another letter of the one before them.
fn is_accent(c: char) -> bool {
    matches!(
        c,
        '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5bd}' | '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}'
    )
}

/// Letters of scripts without spaces between words: Thai to Tibetan and Burmese, Khmer, kana,
/// Bopomofo, ideographs, Hangul.
fn stands_alone(c: char) -> bool {
    let is_of_script = matches!(
        c,
        '\u{e00}'..='\u{eff}'
            | '\u{f00}'..='\u{109f}'
            | '\u{1100}'..='\u{11ff}'
            | '\u{1780}'..='\u{17ff}'
            | '\u{2e80}'..='\u{2fdf}'
            | '\u{3005}'..='\u{3007}'
            | '\u{3021}'..='\u{3029}'
            | '\u{3031}'..='\u{318f}'
            | '\u{31a0}'..='\u{31ff}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{a960}'..='\u{a97f}'
            | '\u{ac00}'..='\u{d7ff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{20000}'..='\u{3ffff}'
    );
    is_of_script && c.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(query: &str, text: &str) -> bool {
        let words = words(text);
        let phrases = phrases(query);
        assert!(!phrases.is_empty(), "{query:?} asks for nothing");
        phrases.iter().all(|phrase| phrase.is_in(&words))
    }

    #[test]
    fn words_of_scripts_with_spaces_are_cut_at_signs() {
        assert_eq!(
            words("Hello, World! it's 3.14"),
            ["hello", "world", "it", "s", "3", "14"]
        );
        assert_eq!(words("  "), Vec::<String>::new());
        assert!(finds("world hello", "Hello, World!"));
        assert!(finds("hel", "Hello"), "the last word may be a beginning");
        assert!(!finds("hel world", "hello world"), "others may not");
        assert!(!finds("hel ", "hello"), "nor one that a space ends");
        assert!(!finds("ello", "hello"));
        assert!(finds("example.com", "see www.example.com/x"));
        assert!(!finds("example.com", "com, for example"));
    }

    #[test]
    fn scripts_without_spaces_are_found_anywhere() {
        assert_eq!(
            words("我在北京school上学"),
            ["我", "在", "北", "京", "school", "上", "学"]
        );
        assert!(finds("北京", "我在北京上学"));
        assert!(!finds("京北", "我在北京上学"));
        assert!(finds("北京 上学", "我在北京上学"));
        assert!(finds("ガラ", "ｶﾞﾗｽ"), "half-width kana");
        assert!(!finds("カラ", "ガラス"), "another letter");
        assert!(finds("국어", "한국어를 공부해요"));
        assert!(finds("ภาษา", "เรียนภาษาไทย"));
    }

    #[test]
    fn forms_and_accents_do_not_matter() {
        assert!(finds("cafe", "Café"));
        assert!(finds("CAFÉ", "cafe"));
        assert!(finds("ＡＢＣ１", "abc1"));
        assert!(finds("istanbul", "İstanbul"));
        assert!(finds("हिन्दी", "मैं हिन्दी बोलता हूँ"));
    }

    #[test]
    fn operators_are_plain_text() {
        for query in ["\"", "*", "( ) : ^ -", "", " \t"] {
            assert_eq!(phrases(query), [], "{query:?}");
        }
        assert!(finds("a AND b", "b and a"));
        assert!(!finds("a AND b", "a b"));
        assert!(finds("\"a\" OR* NEAR(x", "near x or a"));
    }

    #[test]
    fn other_kinds_are_searched_by_their_text() {
        let kind = Kind::new("card").unwrap();
        assert_eq!(text_of(&Kind::text(), "{}").as_deref(), Some("{}"));
        let body = r#"{"text":"a \"b\"","n":1}"#;
        assert_eq!(text_of(&kind, body).as_deref(), Some("a \"b\""));
        for body in ["", "text", "{}", r#"{"text":1}"#, r#"["text"]"#] {
            assert_eq!(text_of(&kind, body), None, "{body}");
        }
    }
}
