use std::collections::BTreeSet;

use seqline_protocol::limits::{BODY_BYTES_MAX, TITLE_BYTES_MAX};

use super::support::*;
use crate::{
    broadcasts::{check, check_staging},
    limits::{AUDIENCE_NAMES_MAX, PLACEHOLDERS_MAX},
    store::{Audience, BroadcastDraft, Staging},
};

fn names() -> BTreeSet<String> {
    ["name", "city"].map(str::to_owned).into()
}

fn fields(draft: &BroadcastDraft) -> Vec<String> {
    let problems = check(draft, &names(), at_s(100));
    assert!(problems.iter().all(|one| !one.message.is_empty()));
    problems.into_iter().map(|one| one.field).collect()
}

fn titled(title: &str) -> BroadcastDraft {
    let mut draft = draft("x", everyone());
    draft.content.title = title.to_owned();
    draft
}

#[test]
fn what_is_right_passes() {
    let audience = Audience {
        starts_us: Some(at_s(50)),
        expires_us: Some(at_s(101)),
        app_version_min: Some("4.2".to_owned()),
        app_version_max: Some("4.2".to_owned()),
        ..everyone()
    };
    for body in ["x", "Hello {{name}} of {{city|your town}}", r"\{{name"] {
        assert!(fields(&draft(body, audience.clone())).is_empty(), "{body}");
    }
    let longest = draft(&"x".repeat(BODY_BYTES_MAX), everyone());
    assert!(fields(&longest).is_empty());
    assert!(fields(&titled(&"x".repeat(TITLE_BYTES_MAX))).is_empty());
}

#[test]
fn what_would_be_refused_is_named_with_its_field() {
    let of = |change: &dyn Fn(&mut Audience)| {
        let mut audience = everyone();
        change(&mut audience);
        draft("x", audience)
    };
    let labels = || {
        (0..=AUDIENCE_NAMES_MAX)
            .map(|n| label(&format!("l{n}")))
            .collect()
    };
    let min = "audience.app_version_min";
    let max = "audience.app_version_max";
    let many = "{{name}}".repeat(PLACEHOLDERS_MAX + 1);
    for (draft, expected) in [
        (titled(""), vec!["content.title"]),
        (titled(" \n"), vec!["content.title"]),
        (
            titled(&"x".repeat(TITLE_BYTES_MAX + 1)),
            vec!["content.title"],
        ),
        (titled("{{age}}"), vec!["content.title"]),
        (draft("", everyone()), vec!["content.body"]),
        (
            draft(&"x".repeat(BODY_BYTES_MAX + 1), everyone()),
            vec!["content.body"],
        ),
        (
            draft(&"\"".repeat(BODY_BYTES_MAX / 2 + 1), everyone()),
            vec!["content.body"],
        ),
        (
            draft("{{age}} {{age}} {{x}}", everyone()),
            vec!["content.body"; 2],
        ),
        (draft("{{name", everyone()), vec!["content.body"]),
        (draft("{{na me}}", everyone()), vec!["content.body"]),
        (draft(&many, everyone()), vec!["content.body"]),
        (
            of(&|one| one.expires_us = Some(at_s(100))),
            vec!["audience.expires_us"],
        ),
        (
            of(&|one| {
                one.starts_us = Some(at_s(200));
                one.expires_us = Some(at_s(200));
            }),
            vec!["audience.expires_us"],
        ),
        (
            of(&|one| one.app_version_min = Some("4.x".to_owned())),
            vec![min],
        ),
        (
            of(&|one| one.app_version_max = Some(String::new())),
            vec![max],
        ),
        (
            of(&|one| {
                one.app_version_min = Some("4.3".to_owned());
                one.app_version_max = Some("4.2".to_owned());
            }),
            vec![max],
        ),
        (of(&|one| one.hosts = labels()), vec!["audience.hosts"]),
        (
            of(&|one| one.segments = labels()),
            vec!["audience.segments"],
        ),
    ] {
        assert_eq!(fields(&draft), expected, "{draft:?}");
    }
    let problems = check(&draft("{{age}}", everyone()), &names(), at_s(0));
    assert!(problems[0].message.contains("{{age}}"), "{problems:?}");
    assert!(problems[0].message.contains("city, name"), "{problems:?}");
}

#[test]
fn a_staging_is_for_someone() {
    for (allow_list, percent, is_right) in [
        (false, 1, true),
        (false, 100, true),
        (true, 0, true),
        (true, 100, true),
        (false, 0, false),
        (false, 101, false),
        (true, 255, false),
    ] {
        let staging = Staging {
            allow_list,
            percent,
        };
        assert_eq!(check_staging(staging).is_empty(), is_right, "{staging:?}");
    }
}
