use super::support::*;
use crate::{auth::Profile, store::Audience};

#[test]
fn a_view_is_the_same_on_every_relay_and_changes_with_all_that_decides() {
    let office = Office::open();
    let view = |viewer| office.mailbox.view(&viewer, office.now());
    let ann = view(viewer("ann"));
    assert_eq!(ann.len(), 12);
    let other = Office::open();
    assert_eq!(other.mailbox.view(&viewer("ann"), other.now()), ann);
    let guest = Profile {
        guest: true,
        ..Profile::default()
    };
    let named = Profile {
        attributes: [("name".to_owned(), "Ann".to_owned())].into(),
        ..Profile::default()
    };
    assert_eq!(
        view(viewer_with("ann", named, "4.2")),
        ann,
        "decides nothing"
    );
    let mut others = vec![
        ann.clone(),
        view(viewer("bob")),
        view(viewer_with("ann", guest, "4.2")),
        view(viewer_with("ann", segments(&["gold"]), "4.2")),
        view(viewer_with("ann", segments(&["gold", "eu"]), "4.2")),
        view(viewer_with("ann", Profile::default(), "4.3")),
    ];
    office.allow(&["ann"]);
    others.push(view(viewer("ann")));
    office.allow(&[]);
    assert_eq!(view(viewer("ann")), ann);
    let at = |s| Audience {
        starts_us: Some(at_s(s)),
        ..everyone()
    };
    let row = office.publish("x", at(10));
    office.publish("y", at(20));
    assert_eq!(view(viewer("ann")), ann, "nothing has begun");
    office.clock.pass_s(9);
    others.push(view(viewer("ann")));
    office.clock.pass_s(10);
    others.push(view(viewer("ann")));
    office.edit(&row, "x2", at(10));
    assert_eq!(
        Some(&view(viewer("ann"))),
        others.last(),
        "its number tells"
    );
    let count = others.len();
    others.sort_unstable();
    others.dedup();
    assert_eq!(others.len(), count, "{others:?}");
}
