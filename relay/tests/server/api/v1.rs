//! `POST /v1/<group>/<name>` is tested in `<group>/<name>.rs`.

mod allow_list;
mod broadcasts;
mod conversations;
mod devices;
mod groups;
mod messages;
mod presence;
mod rooms;
mod timeline;
mod users;

use std::path::Path;

use seqline_relay::api::registry::METHODS;

#[test]
fn every_method_has_its_file() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/server/api");
    for method in METHODS {
        let path = method.path();
        let file = here.join(format!("{}.rs", path.trim_start_matches('/')));
        let text = std::fs::read_to_string(&file);
        let text = text.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let name = format!("\"{}\"", method.name);
        assert!(text.contains(&name), "{} does not call it", file.display());
        // A file that is in no module is never compiled.
        let group = here.join(format!("v1/{}.rs", method.group()));
        let module = method.name.rsplit('.').next().unwrap();
        let modules = std::fs::read_to_string(group).unwrap();
        assert!(modules.contains(&format!("mod {module};")), "{module}");
    }
}
