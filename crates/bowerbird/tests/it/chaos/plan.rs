//! What happens in a run, made from a seed. Pure.

use crate::dice::Dice;

/// What happens next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Move {
    /// So many posts are said; `late`: not quite in order; `awaited`: nothing else happens until all of them were handed over.
    Say {
        posts: u64,
        late: bool,
        awaited: bool,
    },
    /// The last so many are said again.
    Again(u64),
    /// Something is said that is no message.
    Garbage,
    /// The machine's clock is set so many seconds forward, or back.
    SetClock(i64),
    /// The next connects are answered so.
    Refuse(Vec<Refusal>),
    /// The connection ends.
    End(End),
    /// So many posts are said while nobody, or nobody for sure, listens.
    Away(u64),
    /// The service lets go of what it said, but for the last so many posts.
    LetGo(u64),
    /// The program is stopped, and started again after so many posts.
    Restart(u64),
}

/// How a connect is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// 503.
    Unavailable,
    /// 429.
    TooMany,
    /// The cursor is too old; as 503 where there is none.
    Cursor,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Broken off between two messages.
    Cut,
    /// Broken off in the middle of one.
    Tear,
    /// As it should be.
    Close,
    /// Not at all: nothing comes any more.
    Stall,
}

/// A run in which so many posts are said.
pub(super) fn moves(seed: u64, posts: u64) -> Vec<Move> {
    let mut dice = Dice(seed);
    let mut moves = Vec::new();
    let mut left = posts;
    let mut take = |dice: &mut Dice, most: u64| {
        let n = (1 + dice.below(most)).min(left);
        left -= n;
        (n > 0).then_some(n)
    };
    loop {
        for _ in 0..1 + dice.below(4) {
            let Some(posts) = take(&mut dice, 200) else {
                return moves;
            };
            moves.push(Move::Say {
                posts,
                late: dice.one_in(2),
                awaited: !dice.one_in(4),
            });
            match dice.below(6) {
                0 => moves.push(Move::Again(1 + dice.below(20))),
                1 => moves.push(Move::Garbage),
                _ => {}
            }
        }
        if dice.one_in(6) {
            moves.push(Move::SetClock(dice.below(40).cast_signed() - 20));
        }
        if dice.one_in(8) {
            let away = take(&mut dice, 60).unwrap_or(0);
            moves.push(Move::Restart(away));
            continue;
        }
        let lets_go = dice.one_in(6);
        let refusals = refusals(&mut dice);
        let is_away = !refusals.is_empty();
        moves.push(Move::Refuse(refusals));
        moves.push(Move::End(match dice.below(4) {
            0 => End::Cut,
            1 => End::Tear,
            2 => End::Close,
            _ => End::Stall,
        }));
        if let Some(away) = take(&mut dice, 60).filter(|_| is_away) {
            moves.push(Move::Away(away));
            if lets_go {
                moves.push(Move::LetGo(dice.below(away)));
            }
        }
    }
}

fn refusals(dice: &mut Dice) -> Vec<Refusal> {
    let refusal = |dice: &mut Dice| match dice.below(8) {
        0 | 1 => Refusal::TooMany,
        2 => Refusal::Cursor,
        _ => Refusal::Unavailable,
    };
    (0..dice.below(5)).map(|_| refusal(dice)).collect()
}
