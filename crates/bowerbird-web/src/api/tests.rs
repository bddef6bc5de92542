use std::collections::BTreeSet;

use super::*;

/// `UPDATE_OPENAPI=1 cargo test -p bowerbird-web` writes the file anew.
#[test]
fn the_description_is_the_one_in_the_repository() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let generated = openapi_json();
    if option_env!("UPDATE_OPENAPI").is_some() {
        std::fs::write(file, &generated).unwrap();
    }
    let committed = std::fs::read_to_string(file).unwrap();
    assert!(
        committed == generated,
        "openapi.json is old; write it anew with UPDATE_OPENAPI=1 and look at what changed"
    );
}

#[test]
fn every_route_is_described_and_every_description_has_its_route() {
    let source = include_str!("../api.rs");
    let routed = source.split(".route(").skip(1).map(|rest| {
        let path = rest.split('"').nth(1).unwrap();
        let ends = rest.find("\n        .").unwrap_or(rest.len());
        let handlers = &rest[..ends];
        let methods = ["get", "post", "put", "delete"]
            .into_iter()
            .filter(|method| handlers.contains(&format!("{method}(")));
        (
            format!("/api/v1{path}"),
            methods.map(str::to_owned).collect::<BTreeSet<_>>(),
        )
    });
    let document = Document::openapi();
    let described = document.paths.paths.iter().map(|(path, item)| {
        let methods = [
            ("get", &item.get),
            ("post", &item.post),
            ("put", &item.put),
            ("delete", &item.delete),
        ];
        let methods = methods
            .into_iter()
            .filter(|(_, operation)| operation.is_some());
        (
            path.clone(),
            methods
                .map(|(method, _)| method.to_owned())
                .collect::<BTreeSet<_>>(),
        )
    });
    assert_eq!(
        routed.collect::<BTreeSet<_>>(),
        described.collect::<BTreeSet<_>>()
    );
}
