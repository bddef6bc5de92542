//! A post's text cut where its look changes: what matched, and links.

use bowerbird_core::event::EntityKind;
use bowerbird_core::view::{EmbeddedView, EntityView, PostView};

/// A stretch of text with one look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment<'t> {
    /// The text.
    pub(crate) text: &'t str,
    /// Did a rule match here?
    pub(crate) marked: bool,
    /// Where it leads, if it is a link; always `http` or `https`.
    pub(crate) link: Option<&'t str>,
}

/// A text with what is marked in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Marked<'p> {
    text: &'p str,
    marks: &'p [[u32; 2]],
    entities: &'p [EntityView],
}

impl<'p> From<&'p PostView> for Marked<'p> {
    fn from(post: &'p PostView) -> Self {
        Self {
            text: &post.text,
            marks: &post.marks,
            entities: &post.entities,
        }
    }
}

impl<'p> From<&'p EmbeddedView> for Marked<'p> {
    fn from(post: &'p EmbeddedView) -> Self {
        Self {
            text: &post.text,
            marks: &post.marks,
            entities: &post.entities,
        }
    }
}

/// The whole text in order, in segments.
pub(crate) fn segments<'p>(post: impl Into<Marked<'p>>) -> Vec<Segment<'p>> {
    let post = post.into();
    let offsets: Vec<usize> = post
        .text
        .char_indices()
        .map(|(at, _)| at)
        .chain([post.text.len()])
        .collect();
    let length = offsets.len() - 1;
    let marks: Vec<(usize, usize)> = post
        .marks
        .iter()
        .map(|[begin, end]| within(*begin, *end, length))
        .collect();
    let links: Vec<(usize, usize, &str)> = post
        .entities
        .iter()
        .filter(|entity| entity.kind == EntityKind::Link)
        .filter_map(|entity| {
            let target = if entity.target.is_empty() {
                &entity.value
            } else {
                &entity.target
            };
            let (begin, end) = within(entity.span[0], entity.span[1], length);
            (is_web_address(target) && begin < end).then_some((begin, end, target.as_str()))
        })
        .collect();
    let mut cuts: Vec<usize> = vec![0, length];
    cuts.extend(marks.iter().flat_map(|(begin, end)| [*begin, *end]));
    cuts.extend(links.iter().flat_map(|(begin, end, _)| [*begin, *end]));
    cuts.sort_unstable();
    cuts.dedup();
    cuts.windows(2)
        .map(|cut| Segment {
            text: &post.text[offsets[cut[0]]..offsets[cut[1]]],
            marked: marks
                .iter()
                .any(|(begin, end)| *begin <= cut[0] && cut[1] <= *end),
            link: links
                .iter()
                .find(|(begin, end, _)| *begin <= cut[0] && cut[1] <= *end)
                .map(|(_, _, link)| *link),
        })
        .collect()
}

fn within(begin: u32, end: u32, length: usize) -> (usize, usize) {
    let begin = (begin as usize).min(length);
    (begin, (end as usize).clamp(begin, length))
}

/// May a page lead there?
pub(crate) fn is_web_address(address: &str) -> bool {
    address.starts_with("https://") || address.starts_with("http://")
}

#[cfg(test)]
mod tests {
    use super::*;
    use bowerbird_core::view::EntityView;

    fn post(text: &str, marks: &[[u32; 2]], link: Option<(&str, [u32; 2])>) -> PostView {
        let entity = |(target, span): (&str, [u32; 2])| EntityView {
            kind: EntityKind::Link,
            value: "t.co/x".to_owned(),
            target: target.to_owned(),
            title: String::new(),
            description: String::new(),
            span,
        };
        let entities = link.map(entity).into_iter().collect();
        PostView {
            text: text.to_owned(),
            marks: marks.to_vec(),
            entities,
            ..PostView::default()
        }
    }

    fn shown(post: &PostView) -> String {
        let look = |segment: &Segment<'_>| match (segment.marked, segment.link) {
            (false, None) => segment.text.to_owned(),
            (true, None) => format!("[{}]", segment.text),
            (marked, Some(link)) => {
                format!("<{link}|{}{}>", segment.text, if marked { "!" } else { "" })
            }
        };
        segments(post).iter().map(look).collect()
    }

    #[test]
    fn marks_count_in_code_points() {
        assert_eq!(shown(&post("a 😀 cat", &[[4, 7]], None)), "a 😀 [cat]");
        assert_eq!(shown(&post("ねこ猫ねこ", &[[2, 3]], None)), "ねこ[猫]ねこ");
        assert_eq!(shown(&post("cat", &[[0, 3]], None)), "[cat]");
        assert_eq!(shown(&post("", &[], None)), "");
    }

    #[test]
    fn marks_and_links_may_overlap() {
        let post = post("see t.co/x now", &[[0, 6]], Some(("https://a.b", [4, 10])));
        assert_eq!(
            shown(&post),
            "[see ]<https://a.b|t.!><https://a.b|co/x> now"
        );
    }

    #[test]
    fn only_web_addresses_are_links() {
        let post = post("x", &[], Some(("javascript:alert(1)", [0, 1])));
        assert_eq!(shown(&post), "x");
    }

    #[test]
    fn offsets_past_the_end_do_no_harm() {
        assert_eq!(shown(&post("ab", &[[1, 90], [40, 50]], None)), "a[b]");
    }
}
