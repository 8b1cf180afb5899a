//! A cluster behind proxies, and the cuts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use session::{Header, OwnerKey, Record, SessionStore, StoreError, StoreKey, Timestamp};
use session_stores::redis::RedisStore;

use crate::places::{every_byte, places};
use crate::proxy::{Plan, Proxy, REDIS};
use crate::redis_cluster::Cluster;
use crate::redis_server::available;
use crate::sessions::*;

/// What a verb is tried on: two sessions of an owner, and one of nobody.
pub(crate) struct Given {
    pub(crate) t: Timestamp,
    pub(crate) owner: OwnerKey,
    pub(crate) key: StoreKey,
    pub(crate) first: Record,
    pub(crate) other: StoreKey,
    pub(crate) anonymous: StoreKey,
    pub(crate) nobodys: Record,
    /// What would come next, under a key in the slot of `key`, or of `anonymous`.
    pub(crate) new: StoreKey,
    pub(crate) new_of_anonymous: StoreKey,
    pub(crate) second: Arc<Record>,
    pub(crate) next_of_nobodys: Record,
    /// A third session of the owner's.
    pub(crate) third: Arc<Record>,
}

/// What lives of it.
#[derive(Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) old: Option<Header>,
    pub(crate) new: Option<Header>,
    pub(crate) other: bool,
}

impl Found {
    /// What stands once the session has ended, and maybe the other one too.
    pub(crate) fn ended(other: bool) -> Self {
        Self {
            old: None,
            new: None,
            other,
        }
    }
}

impl Given {
    async fn new(direct: &RedisStore, n: usize) -> Self {
        let t = now();
        let owner = format!("owner {n}");
        let (first, nobodys) = (owned(t, &owner), record(t));
        let key = put(direct, t, &first).await;
        let mut beside = owned(t, &owner);
        beside.header.created = t + Duration::from_secs(1);
        let other = put(direct, t, &beside).await;
        let anonymous = put(direct, t, &nobodys).await;
        Self {
            t,
            owner: OwnerKey::of(&owner),
            new: key_after(&key),
            new_of_anonymous: key_after(&anonymous),
            key,
            other,
            anonymous,
            second: Arc::new(next(&first, 2)),
            next_of_nobodys: next(&nobodys, 2),
            third: Arc::new(owned(t, &owner)),
            first,
            nobodys,
        }
    }

    /// What lives under the two keys of a change, and beside it. The owner's list says the same.
    pub(crate) async fn found(&self, direct: &RedisStore, old: &StoreKey, new: &StoreKey) -> Found {
        let header = async |key| live(direct, self.t, key).await.map(|r| r.header.clone());
        let first = match *old == self.key {
            true => None,
            false => header(&self.key).await,
        };
        let (old, new, other) = (
            header(old).await,
            header(new).await,
            header(&self.other).await,
        );
        let all = [&first, &old, &new, &other].into_iter().flatten();
        let owned = all.filter(|h| h.owner.as_ref().is_some_and(|o| o.key == self.owner));
        let mut live: Vec<_> = owned.map(|header| header.handle.to_bytes()).collect();
        let listed = direct.sessions_of(&op(self.t), &self.owner).await.unwrap();
        let mut listed: Vec<_> = listed.iter().map(|info| info.handle.to_bytes()).collect();
        live.sort_unstable();
        listed.sort_unstable();
        assert_eq!(live, listed, "the owner's set and the records disagree");
        Found {
            old,
            new,
            other: other.is_some(),
        }
    }

    /// What [`found`](Self::found) says where nothing has been done.
    pub(crate) fn before(&self) -> Found {
        Found {
            old: Some(self.first.header.clone()),
            new: None,
            other: true,
        }
    }
}

/// What becomes of the one who calls when its connection is cut.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Then {
    /// It is gone too, and with it its connections to all nodes.
    Dies,
    /// It reaches no node any more.
    Alone,
    /// It can connect again; its connections to the other nodes stand.
    GoesOn,
}

/// A cluster behind proxies.
pub(crate) struct Place {
    _cluster: Cluster,
    proxy: Proxy,
    direct: RedisStore,
    through: RedisStore,
    hasty: RedisStore,
    /// A key of each node's.
    keys: [StoreKey; 3],
    rounds: usize,
}

impl Place {
    /// `None` where no server is at hand.
    pub(crate) async fn start() -> Option<Self> {
        if !available() {
            return None;
        }
        let cluster = tokio::task::block_in_place(Cluster::start);
        // Its connections go past the proxies, whose ports it is told only when it looks at the cluster: it has no
        // reason to.
        let direct = Self::store(&cluster.urls(), 20_000).await;
        let proxy = Proxy::start(cluster.nodes[0].port, REDIS).await;
        let mut ports = vec![proxy.port];
        for node in &cluster.nodes[1..] {
            ports.push(proxy.beside(node.port).await.port);
        }
        tokio::task::block_in_place(|| cluster.announce(&ports));
        Some(Self {
            // Slow is not wrong, but where nobody answers.
            through: Self::store(&[proxy.url()], 20_000).await,
            hasty: Self::store(&[proxy.url()], 150).await,
            keys: [0, 1, 2].map(|node| tokio::task::block_in_place(|| cluster.key_on(node))),
            _cluster: cluster,
            proxy,
            direct,
            rounds: 0,
        })
    }

    async fn store(urls: &[String], timeout: u64) -> RedisStore {
        let builder = RedisStore::builder()
            .response_timeout(Duration::from_millis(timeout))
            .connect_timeout(Duration::from_secs(20));
        builder.cluster(urls.to_vec()).await.unwrap()
    }

    /// Waits until nothing is on its way.
    async fn quiet(&self) {
        let mut counted = self.proxy.counted();
        loop {
            tokio::time::sleep(Duration::from_millis(2)).await;
            let now = self.proxy.counted();
            if counted == now {
                break;
            }
            counted = now;
        }
    }

    /// Runs `verb` with this plan, once the connections to all nodes stand. `None`: the caller died of a cut.
    async fn run<T>(
        &mut self,
        plan: Plan,
        then: Then,
        verb: impl AsyncFn(&RedisStore, &Given) -> Result<T, StoreError>,
    ) -> (Given, Option<Result<T, StoreError>>) {
        let given = Given::new(&self.direct, self.rounds).await;
        self.rounds += 1;
        let store = if then == Then::Alone {
            &self.hasty
        } else {
            &self.through
        };
        self.proxy.plan(Plan::Pass);
        let start = Instant::now();
        // It recovers by itself.
        for key in &self.keys {
            while let Err(error) = store.exists(&op(given.t), key).await {
                assert!(start.elapsed() < Duration::from_secs(20), "{error:?}");
            }
        }
        self.quiet().await;
        self.proxy.plan(plan);
        let answer = tokio::select! {
            biased;
            answer = verb(store, &given) => Some(answer),
            () = self.cut(), if then == Then::Dies => None,
        };
        (given, answer)
    }

    async fn cut(&self) {
        // A plan that has no cut is as one whose cut has happened.
        while !self.proxy.was_cut() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Runs `verb` with cuts, and after each `check` with its answer, if there is one.
    pub(crate) async fn cut_everywhere<T>(
        &mut self,
        name: &str,
        verb: impl AsyncFn(&RedisStore, &Given) -> Result<T, StoreError>,
        check: impl AsyncFn(&RedisStore, &Given, Option<Result<T, StoreError>>),
    ) {
        let began = Instant::now();
        let (mut requested, mut replied) = (usize::MAX, usize::MAX);
        // A few times, since a node is told a script when it does not know it yet.
        for _ in 0..8 {
            let (given, answer) = self.run(Plan::Pass, Then::GoesOn, &verb).await;
            let counted = self.proxy.counted();
            (requested, replied) = (requested.min(counted.0), replied.min(counted.1));
            assert!(answer.as_ref().unwrap().is_ok(), "{name}");
            check(&self.direct, &given, answer).await;
        }
        assert!(requested > 200 && replied > 12, "{requested}, {replied}");
        let requests = places(requested).map(|after| (true, after));
        let replies = places(replied).map(|after| (false, after));
        let mut cuts = Vec::new();
        let turn = self.proxy.port as usize;
        for (n, (request, after)) in requests.chain(replies).enumerate() {
            let both = [Then::Dies, Then::GoesOn];
            // In turns, but where all places have theirs.
            let thens = if every_byte() {
                &both[..]
            } else {
                &both[(n + turn) % 2..][..1]
            };
            cuts.extend(thens.iter().map(|then| (*then, request, after)));
        }
        // The hasty one has one digit less to tell in a place or two.
        let some = |bytes: usize| (0..6).map(move |n| n * (bytes - 8) / 5);
        cuts.extend(some(requested).map(|after| (Then::Alone, true, after)));
        cuts.extend(some(replied).map(|after| (Then::Alone, false, after)));
        let (mut answers, mut errors) = (0, 0);
        let all = cuts.len();
        for (then, request, after) in cuts {
            let next = if then == Then::GoesOn {
                Plan::Pass
            } else {
                Plan::Dead
            };
            let next = Box::new(next);
            let plan = match request {
                true => Plan::CutRequest { after, then: next },
                false => Plan::CutReply { after, then: next },
            };
            let told = format!("{name}: {then:?}, {plan:?}");
            let (given, answer) = self.run(plan, then, &verb).await;
            // On a slow machine the hasty one gives up before it.
            let late = then == Then::Alone && matches!(answer, Some(Err(_)));
            assert!(late || self.proxy.was_cut(), "{told} did not happen");
            // Shown if the check fails.
            println!("{told}: answered {:?}", answer.as_ref().map(Result::is_ok));
            answers += usize::from(answer.is_some());
            errors += usize::from(answer.as_ref().is_some_and(Result::is_err));
            self.proxy.plan(Plan::Pass);
            self.quiet().await;
            for key in &self.keys {
                // What this node had been sent it has done by now.
                self.direct.exists(&op(given.t), key).await.unwrap();
            }
            check(&self.direct, &given, answer).await;
        }
        let took = began.elapsed();
        eprintln!(
            "{name}: {requested} and {replied} bytes, {all} cuts, {answers} answers, {errors} errors, {took:?}"
        );
    }
}
