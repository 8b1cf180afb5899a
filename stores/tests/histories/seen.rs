//! What happened in histories.

use std::ops::AddAssign;

/// How often what happened in a history.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Seen {
    pub(crate) live: u32,
    pub(crate) gone: u32,
    pub(crate) rotations: u32,
    /// Sign-ins under a tombstone.
    pub(crate) anew: u32,
    pub(crate) refused: u32,
    pub(crate) unknown: u32,
    /// Dead sessions that were read, for which a sign-out or a revocation is the only reason.
    pub(crate) ended: u32,
}

impl AddAssign for Seen {
    fn add_assign(&mut self, other: Self) {
        self.live += other.live;
        self.gone += other.gone;
        self.rotations += other.rotations;
        self.anew += other.anew;
        self.refused += other.refused;
        self.unknown += other.unknown;
        self.ended += other.ended;
    }
}

impl Seen {
    /// A test whose histories lack one of them has not tested it.
    pub(crate) fn assert_all(self) {
        println!("{self:?}");
        let Self {
            live,
            gone,
            rotations,
            anew,
            refused,
            ended,
            ..
        } = self;
        let all = [live, gone, rotations, anew, refused, ended];
        assert!(all.iter().all(|n| *n > 0), "{self:?}");
    }
}
