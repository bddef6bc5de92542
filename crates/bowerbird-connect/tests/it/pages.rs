//! Pages cut into frames: every post with what it refers to and nothing else, the bytes unchanged.

use bowerbird_connect::decode_any;
use bowerbird_connect::x::split_page;
use serde_json::Value;

const PAGE: &str = r#"{
  "data": [
    {"id":"1", "text":"to @Sora and quoting", "author_id":"a", "in_reply_to_user_id":"b",
     "referenced_tweets":[{"type":"quoted","id":"20"},{"type":"replied_to","id":"gone"}],
     "entities":{"mentions":[{"start":3,"end":8,"username":"Sora"}]}},
    {"id":"2","text":"a picture","author_id":"a","attachments":{"media_keys":["3_1"]},"geo":{"place_id":"p"}},
    {"id":"3","text":"by nobody known","author_id":"z"}
  ],
  "includes": {
    "users": [{"id":"a","username":"wren"}, {"id":"b","username":"other"}, {"id":"c","username":"sora"},
              {"id":"d","username":"quoted_author"}, {"id":"e","username":"unrelated"}, {"id":"f","username":"deep"}],
    "tweets": [{"id":"20", "text":"quoted 🐦", "author_id":"d", "attachments":{"media_keys":["7_2"]},
                "referenced_tweets":[{"type":"quoted","id":"21"}]},
               {"id":"21","text":"deeper","author_id":"f","referenced_tweets":[{"type":"quoted","id":"22"}]},
               {"id":"22","text":"too deep","author_id":"e"}],
    "media": [{"media_key":"3_1","type":"photo"},{"media_key":"7_2","type":"video"},{"media_key":"3_9","type":"photo"}],
    "places": [{"id":"p","full_name":"Lisboa"}]
  },
  "meta": {"result_count": 3}, "errors": []
}"#;

/// The names of what a frame includes, as `users a b`.
fn included(frame: &[u8]) -> Vec<String> {
    let frame: Value = serde_json::from_slice(frame).unwrap();
    let Some(includes) = frame["includes"].as_object() else {
        return Vec::new();
    };
    let name = |object: &Value| {
        let key = if object["media_key"].is_null() {
            "id"
        } else {
            "media_key"
        };
        object[key].as_str().unwrap().to_owned()
    };
    let list = |(kind, objects): (&String, &Value)| {
        let names: Vec<String> = objects.as_array().unwrap().iter().map(name).collect();
        format!("{kind} {}", names.join(" "))
    };
    includes.iter().map(list).collect()
}

#[test]
fn each_post_carries_what_it_refers_to() {
    let frames = split_page(PAGE.as_bytes()).unwrap();
    assert_eq!(frames.len(), 3);
    let first = ["media 7_2", "tweets 20 21", "users a b c d"];
    assert_eq!(included(&frames[0]), first);
    assert_eq!(included(&frames[1]), ["media 3_1", "places p", "users a"]);
    assert_eq!(included(&frames[2]), Vec::<String>::new());
}

#[test]
fn the_bytes_are_the_pages_own() {
    for frame in split_page(PAGE.as_bytes()).unwrap() {
        let frame = String::from_utf8(frame).unwrap();
        let data = frame.strip_prefix(r#"{"data":"#).unwrap();
        let end = data.find(r#","includes""#).unwrap_or(data.len() - 1);
        assert!(PAGE.contains(&data[..end]), "{data}");
    }
    let quoted = r#"{"id":"20", "text":"quoted 🐦", "author_id":"d""#;
    let first = &split_page(PAGE.as_bytes()).unwrap()[0];
    assert!(String::from_utf8_lossy(first).contains(quoted));
}

#[test]
fn frames_decode_with_what_was_included() {
    let frames = split_page(PAGE.as_bytes()).unwrap();
    let event = decode_any(&frames[0]).unwrap();
    let post = event.post().unwrap();
    assert_eq!(post.author.handle, "wren");
    assert_eq!(post.reply_to.as_ref().unwrap().author_handle, "other");
    assert_eq!(post.embedded[0].post.author.handle, "quoted_author");
    assert_eq!(post.embedded[0].post.embedded[0].post.text, "deeper");
}

#[test]
fn both_name_sets_and_both_generations() {
    let page = r#"{"includes":{"posts":[{"id":"9","text":"q"}]},
        "data":[{"id":"1","text":"a","referenced_posts":[{"type":"quoted","id":"9"}]}]}"#;
    let frames = split_page(page.as_bytes()).unwrap();
    assert_eq!(included(&frames[0]), ["posts 9"]);
    let page = r#"{"search_metadata":{},"statuses":[{"id_str":"1","text":"a"}, {"id_str":"2","text":"b"}]}"#;
    let frames = split_page(page.as_bytes()).unwrap();
    assert_eq!(
        frames,
        [
            br#"{"id_str":"1","text":"a"}"#,
            br#"{"id_str":"2","text":"b"}"#
        ]
    );
    let page = r#"{"results":[{"id_str":"1","text":"a"}],"next":"x"}"#;
    assert_eq!(split_page(page.as_bytes()).unwrap().len(), 1);
}

#[test]
fn what_is_no_page_of_posts_is_left_whole() {
    for text in [
        r#"{"data":[{"id":"1","username":"a"}]}"#,
        r#"{"data":[{"start":"x","tweet_count":1}],"meta":{}}"#,
        r#"{"data":[]}"#,
        r#"{"data":{"id":"1","text":"a"}}"#,
        r#"{"statuses":[]}"#,
        r#"{"data":[{"id":"1","text":"a"}"#,
        r#"[{"id":"1","text":"a"}]"#,
        "",
    ] {
        assert_eq!(split_page(text.as_bytes()), None, "{text}");
    }
}
