//! How a store is set up, and what can be wrong with that.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::sentinel::SentinelClient;
use ::redis::{Client, IntoConnectionInfo, RedisError, RedisResult};
use session::Codec;

use super::RedisStore;
use super::call::Engine;
use super::cluster::Nodes;
use super::inspect::inspect;
use super::link::{Link, Source};
use super::name::Names;
use super::route::Route;
use super::trouble::Cause;

/// Sets up a [`RedisStore`]; made by [`RedisStore::builder`].
///
/// The last call says where the engine is, connects to it, and looks at its settings.
///
/// ```no_run
/// use std::time::Duration;
/// use session_stores::redis::RedisStore;
/// # async fn set_up() -> Result<(), Box<dyn std::error::Error>> {
///
/// let store = RedisStore::builder()
///     .prefix("shop:")
///     .response_timeout(Duration::from_millis(500))
///     .connect("redis://127.0.0.1/")
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder makes a store once it is told where the engine is"]
pub struct RedisStoreBuilder {
    prefix: String,
    codec: Codec,
    connect_timeout: Duration,
    response_timeout: Duration,
}

impl Default for RedisStoreBuilder {
    fn default() -> Self {
        Self {
            prefix: "sess:".to_owned(),
            codec: Codec::default(),
            connect_timeout: Duration::from_secs(1),
            response_timeout: Duration::from_secs(1),
        }
    }
}

impl RedisStoreBuilder {
    /// What all keys of this store begin with: 1 to 64 visible ASCII characters, no braces. By default `sess:`.
    ///
    /// Applications that share an engine take different ones.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How data becomes bytes. By default JSON.
    pub fn codec(mut self, codec: Codec) -> Self {
        self.codec = codec;
        self
    }

    /// How long one attempt to connect may take. By default a second.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long a verb may take, with all that it needs: connecting anew, and repeating what the engine did not take.
    /// By default a second; keep it below the layer's commit deadline.
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.response_timeout = timeout;
        self
    }

    /// A store on the node with this address (`redis://user:password@host:6379/0`, `unix:///path`).
    ///
    /// # Errors
    ///
    /// [`RedisSetupError`].
    pub async fn connect(
        self,
        node: impl IntoConnectionInfo,
    ) -> Result<RedisStore, RedisSetupError> {
        let info = node.into_connection_info()?;
        // Answers are small and wait for nothing: Nagle's algorithm would only hold calls back.
        let tcp = info.tcp_settings().clone().set_nodelay(true);
        self.client(Client::open(info.set_tcp_settings(tcp))?).await
    }

    /// A store that uses this client: its connections are the store's own, its settings are kept.
    ///
    /// # Errors
    ///
    /// [`RedisSetupError`].
    pub async fn client(self, client: Client) -> Result<RedisStore, RedisSetupError> {
        self.alone(Source::Client(client)).await
    }

    /// A store on the primary that these sentinels name; they are asked again before each new connection,
    /// which a primary that hangs or has been made a replica calls for. What [`cluster`](Self::cluster) says of
    /// replicas that take over holds here too.
    ///
    /// # Errors
    ///
    /// [`RedisSetupError`].
    pub async fn sentinel(self, sentinels: SentinelClient) -> Result<RedisStore, RedisSetupError> {
        let sentinels = Box::new(tokio::sync::Mutex::new(sentinels));
        self.alone(Source::Sentinel(sentinels)).await
    }

    /// A store that takes its connections from this function, now and whenever one has gone bad: for a ready
    /// connection, tokens that expire, or an address that has to be looked up.
    ///
    /// # Errors
    ///
    /// [`RedisSetupError`].
    pub async fn connector<F, Fut>(self, connector: F) -> Result<RedisStore, RedisSetupError>
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = RedisResult<MultiplexedConnection>> + Send + 'static,
    {
        let connector = Box::new(move || Box::pin(connector()) as _);
        self.alone(Source::Connector(connector)).await
    }

    /// A store on the cluster that these nodes belong to; a few are enough, the others are found. Credentials, TLS and
    /// other settings of the first hold for all.
    ///
    /// Each node has a connection of its own. Slots that move, a replica that takes over, and a primary that hangs and
    /// is replaced are noticed by the calls that meet them. While a slot is on its way to another node, what concerns
    /// one key of it goes on; a rotation or a sign-in waits for the end of the move, at most for the response time-out.
    ///
    /// A replica takes over with what it has. What a primary acknowledged and did not pass on before it died is lost:
    /// a session is then as it was a moment ago, so that a logout may be forgotten. To bound that, set
    /// `min-replicas-to-write 1` and a small `min-replicas-max-lag` at the engine: a primary without its replica then
    /// refuses to write. The store sends no `WAIT`, which does not undo a write that too few replicas have.
    ///
    /// # Errors
    ///
    /// [`RedisSetupError`].
    pub async fn cluster<T: IntoConnectionInfo>(
        self,
        nodes: impl IntoIterator<Item = T>,
    ) -> Result<RedisStore, RedisSetupError> {
        let nodes = nodes.into_iter().map(|node| {
            let info = node.into_connection_info()?;
            let tcp = info.tcp_settings().clone().set_nodelay(true);
            Ok(info.set_tcp_settings(tcp))
        });
        let nodes = nodes.collect::<RedisResult<Vec<_>>>()?;
        let names = self.check()?;
        let nodes = Nodes::find(nodes, self.connect_timeout).await?;
        self.finish(names, Route::Cluster(nodes)).await
    }

    async fn alone(self, source: Source) -> Result<RedisStore, RedisSetupError> {
        let names = self.check()?;
        let link = Link::new(source, self.connect_timeout);
        link.connection().await?;
        self.finish(names, Route::Alone(Arc::new(link))).await
    }

    fn check(&self) -> Result<Names, RedisSetupError> {
        if self.connect_timeout.is_zero() || self.response_timeout.is_zero() {
            return Err(RedisSetupError::Timeout);
        }
        Names::new(&self.prefix).ok_or(RedisSetupError::Prefix)
    }

    async fn finish(self, names: Names, route: Route) -> Result<RedisStore, RedisSetupError> {
        inspect(&route, self.connect_timeout).await?;
        let engine = Engine::new(route, names, self.codec, self.response_timeout);
        Ok(RedisStore { engine })
    }
}

/// Why a [`RedisStore`] could not be set up.
#[derive(Debug)]
#[non_exhaustive]
pub enum RedisSetupError {
    /// The prefix is empty, too long, or has characters that are not visible ASCII, or braces.
    Prefix,
    /// A time-out of nothing.
    Timeout,
    /// The engine is older than Redis 6.2, whose `GETEX` the scripts need.
    TooOld,
    /// The node belongs to a cluster: take [`RedisStoreBuilder::cluster`].
    PartOfCluster,
    /// The address is wrong, or the engine cannot be reached or refused.
    Connect(Box<dyn std::error::Error + Send + Sync>),
}

impl From<RedisError> for RedisSetupError {
    fn from(error: RedisError) -> Self {
        Self::Connect(Box::new(Cause::of(&error)))
    }
}

impl fmt::Display for RedisSetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Prefix => "a key prefix is 1 to 64 visible ASCII characters without braces",
            Self::Timeout => "a time-out must be longer than nothing",
            Self::TooOld => "the engine is older than Redis 6.2",
            Self::PartOfCluster => "the node is part of a cluster: set the store up with `cluster`",
            Self::Connect(_) => "the engine cannot be reached, or refused",
        })
    }
}

impl std::error::Error for RedisSetupError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Connect(source) => Some(source.as_ref()),
            _ => None,
        }
    }
}
