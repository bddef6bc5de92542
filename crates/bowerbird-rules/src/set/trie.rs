//! All postings of a set, found by feature; a change shares everything with what was before but the way to one leaf.
//!
//! A node takes the next four bits of the feature, as many nodes deep as there is need. A feature that very many rules hang on has
//! a trie of its own, by the rules' keys, so that a change never copies more than a leaf.

use std::hint::black_box;
use std::sync::Arc;

use super::feature::spread;
use super::leaf::{Found, Guess, Leaf, Posting};

/// Bits that one node takes.
const BITS: u32 = 4;
const CHILDREN: usize = 1 << BITS;

/// A leaf with more postings is split, if their features differ.
const MAX_LEAF: usize = if cfg!(test) { 3 } else { 64 };

/// A leaf whose postings all have one feature is split when it has more.
const MAX_SAME: usize = if cfg!(test) { 5 } else { 512 };

/// A trie or a part of one.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Leaf(Leaf),
    Inner(Arc<[Node; CHILDREN]>),
    /// All rules that hang on one feature, by the spread of their keys.
    Same(Arc<Same>),
}

/// See [`Node::Same`].
#[derive(Debug, Clone)]
pub(crate) struct Same {
    feature: u64,
    rules: Node,
}

/// Which number finds the way: a posting's feature, or the spread of its rule's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Feature,
    Rule,
}

impl By {
    fn path(self, feature: u64, rule: u64) -> u64 {
        match self {
            Self::Feature => feature,
            Self::Rule => spread(rule),
        }
    }
}

impl Default for Node {
    fn default() -> Self {
        Self::Leaf(Leaf::default())
    }
}

impl Node {
    /// The trie of these postings, which stand in their order.
    pub(crate) fn new(postings: &[Posting]) -> Self {
        build(postings, By::Feature, 0)
    }

    /// Adds a posting, in place of the one with the same feature and rule.
    pub(crate) fn insert(&mut self, posting: &Posting) {
        insert(self, posting, By::Feature, 0);
    }

    /// Removes a posting.
    pub(crate) fn remove(&mut self, feature: u64, rule: u64) {
        remove(self, feature, rule, By::Feature, 0);
    }

    /// Where the rules that hang on a feature must be, if there are any.
    pub(crate) fn spot(&self, feature: u64) -> Spot<'_> {
        let (mut node, mut depth) = (self, 0);
        while let Self::Inner(children) = node {
            node = &children[child(feature, depth)];
            depth += BITS;
        }
        Spot { node, depth }
    }

    /// Calls `each` with every posting's feature, in ascending order; some come several times.
    pub(crate) fn features(&self, each: &mut impl FnMut(u64)) {
        match self {
            Self::Leaf(leaf) => leaf.features().for_each(each),
            Self::Inner(children) => children.iter().for_each(|node| node.features(each)),
            Self::Same(same) => each(same.feature),
        }
    }

    /// How much memory all below takes, without rules' trees.
    pub(crate) fn memory_bytes(&self) -> usize {
        match self {
            Self::Leaf(leaf) => leaf.memory_bytes(),
            Self::Inner(children) => {
                let below: usize = children.iter().map(Self::memory_bytes).sum();
                below + size_of_val(&**children)
            }
            Self::Same(same) => size_of::<Same>() + same.rules.memory_bytes(),
        }
    }

    /// Calls `each` with everything below.
    fn all<'a>(&'a self, each: &mut impl FnMut(Found<'a>)) {
        match self {
            Self::Leaf(leaf) => leaf.all().for_each(each),
            Self::Inner(children) => children.iter().for_each(|node| node.all(each)),
            Self::Same(same) => same.rules.all(each),
        }
    }

    /// How many share it.
    fn shared(&self) -> usize {
        match self {
            Self::Leaf(leaf) => leaf.shared(),
            Self::Inner(children) => Arc::strong_count(children),
            Self::Same(same) => Arc::strong_count(same),
        }
    }

    fn is_empty(&self) -> bool {
        matches!(self, Self::Leaf(leaf) if leaf.len() == 0)
    }
}

/// A place in a trie where a feature's rules must be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spot<'a> {
    node: &'a Node,
    depth: u32,
}

impl<'a> Spot<'a> {
    /// Where in its leaf the search may begin. Asking this for several spots before searching the first lets the memory of all of them be
    /// fetched at once, which is most of what matching against very many rules waits for.
    pub(crate) fn approach(self, feature: u64) -> Guess {
        match self.node {
            Node::Leaf(leaf) => leaf.guess(feature, self.depth),
            _ => Guess::default(),
        }
    }

    /// Calls `each` with every rule that hangs on the feature.
    pub(crate) fn visit(self, feature: u64, guess: Guess, each: &mut impl FnMut(Found<'a>)) {
        match self.node {
            Node::Leaf(leaf) => leaf.find(feature, guess).for_each(each),
            Node::Same(same) if same.feature == feature => same.rules.all(each),
            Node::Same(_) | Node::Inner(_) => {}
        }
    }
}

/// A node's children, to be changed: a copy if others share them.
fn own(children: &mut Arc<[Node; CHILDREN]>) -> &mut [Node; CHILDREN] {
    // A copy shares each child once more, and each such write waits for the one before. So that they do not wait for memory one after the
    // other, all of it is looked at first.
    if Arc::strong_count(children) > 1 {
        black_box(children.iter().map(Node::shared).sum::<usize>());
    }
    Arc::make_mut(children)
}

/// Which child a path leads to at a depth of so many bits.
fn child(path: u64, depth: u32) -> usize {
    (path.checked_shl(depth).unwrap_or(0) >> (u64::BITS - BITS)) as usize
}

fn build(postings: &[Posting], by: By, depth: u32) -> Node {
    let (Some(first), Some(last)) = (postings.first(), postings.last()) else {
        return Node::default();
    };
    let same = by == By::Feature && first.feature == last.feature;
    let most = if same { MAX_SAME } else { MAX_LEAF };
    if postings.len() <= most || depth >= u64::BITS {
        return Node::Leaf(Leaf::new(postings));
    }
    if same {
        return Node::Same(Arc::new(Same {
            feature: first.feature,
            rules: build(postings, By::Rule, 0),
        }));
    }
    let mut rest = postings;
    Node::Inner(Arc::new(std::array::from_fn(|part| {
        let length = rest.partition_point(|posting| {
            child(by.path(posting.feature, posting.rule), depth) <= part
        });
        let (these, others) = rest.split_at(length);
        rest = others;
        build(these, by, depth + BITS)
    })))
}

fn insert(node: &mut Node, posting: &Posting, by: By, depth: u32) {
    match node {
        Node::Inner(children) => {
            let path = by.path(posting.feature, posting.rule);
            let children = own(children);
            insert(&mut children[child(path, depth)], posting, by, depth + BITS);
        }
        Node::Same(same) if same.feature == posting.feature => {
            insert(&mut Arc::make_mut(same).rules, posting, By::Rule, 0);
        }
        Node::Same(same) => {
            let mut children = std::array::from_fn(|_| Node::default());
            children[child(same.feature, depth)] = Node::Same(Arc::clone(same));
            *node = Node::Inner(Arc::new(children));
            insert(node, posting, by, depth);
        }
        Node::Leaf(leaf) => {
            let leaf = leaf.with(posting);
            *node = divided(leaf, by, depth);
        }
    }
}

/// A leaf as it is, or divided if it has grown too big.
fn divided(leaf: Leaf, by: By, depth: u32) -> Node {
    let same = leaf.only_feature().filter(|_| by == By::Feature);
    let most = if same.is_some() { MAX_SAME } else { MAX_LEAF };
    if leaf.len() <= most || depth >= u64::BITS {
        return Node::Leaf(leaf);
    }
    if let Some(feature) = same {
        return Node::Same(Arc::new(Same {
            feature,
            rules: divided(leaf, By::Rule, 0),
        }));
    }
    let parts = leaf.split(CHILDREN, |feature, rule| {
        child(by.path(feature, rule), depth)
    });
    let mut parts = parts.into_iter();
    Node::Inner(Arc::new(std::array::from_fn(|_| {
        divided(parts.next().unwrap_or_default(), by, depth + BITS)
    })))
}

fn remove(node: &mut Node, feature: u64, rule: u64, by: By, depth: u32) {
    match node {
        Node::Inner(children) => {
            let children = own(children);
            let path = by.path(feature, rule);
            remove(
                &mut children[child(path, depth)],
                feature,
                rule,
                by,
                depth + BITS,
            );
            if children.iter().all(Node::is_empty) {
                *node = Node::default();
            }
        }
        Node::Same(same) if same.feature == feature => {
            let same = Arc::make_mut(same);
            remove(&mut same.rules, feature, rule, By::Rule, 0);
            if same.rules.is_empty() {
                *node = Node::default();
            }
        }
        Node::Same(_) => {}
        Node::Leaf(leaf) => *leaf = leaf.without(feature, rule),
    }
}
