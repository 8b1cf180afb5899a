//! How a store is set up, and what can be wrong with that.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::sentinel::SentinelClient;
use ::redis::{Client, IntoConnectionInfo, RedisError, RedisResult};
use session::Codec;

use super::RedisStore;
use super::call::Engine;
use super::inspect::inspect;
use super::link::{Link, Source};
use super::name::Names;
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
        self.finish(Source::Client(client)).await
    }

    /// A store on the primary that these sentinels name; they are asked again before each new connection.
    ///
    /// # Errors
    ///
    /// [`RedisSetupError`].
    pub async fn sentinel(self, sentinels: SentinelClient) -> Result<RedisStore, RedisSetupError> {
        let sentinels = Box::new(tokio::sync::Mutex::new(sentinels));
        self.finish(Source::Sentinel(sentinels)).await
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
        self.finish(Source::Connector(connector)).await
    }

    /// A store on the cluster that these nodes belong to.
    ///
    /// # Errors
    ///
    /// [`RedisSetupError`].
    #[cfg(feature = "redis-cluster")]
    pub async fn cluster<T: IntoConnectionInfo>(
        self,
        nodes: impl IntoIterator<Item = T>,
    ) -> Result<RedisStore, RedisSetupError> {
        let tcp = ::redis::io::tcp::TcpSettings::default().set_nodelay(true);
        let builder = ::redis::cluster::ClusterClientBuilder::new(nodes).tcp_settings(tcp);
        self.cluster_client(builder).await
    }

    /// A store on the cluster that this builder describes. Its time-outs are the store's, and its retries are turned
    /// off: the driver would also repeat calls of which nobody knows whether they were done.
    ///
    /// # Errors
    ///
    /// [`RedisSetupError`].
    #[cfg(feature = "redis-cluster")]
    pub async fn cluster_client(
        self,
        builder: ::redis::cluster::ClusterClientBuilder,
    ) -> Result<RedisStore, RedisSetupError> {
        let client = builder
            .retries(0)
            .connection_timeout(self.connect_timeout)
            .response_timeout(self.response_timeout)
            .build()?;
        self.finish(Source::Cluster(Box::new(client))).await
    }

    async fn finish(self, source: Source) -> Result<RedisStore, RedisSetupError> {
        let names = Names::new(&self.prefix).ok_or(RedisSetupError::Prefix)?;
        if self.connect_timeout.is_zero() || self.response_timeout.is_zero() {
            return Err(RedisSetupError::Timeout);
        }
        let link = Link::new(source, self.connect_timeout);
        let alone = link.alone();
        let (_, connection) = link.connection().await?;
        inspect(connection, alone, self.connect_timeout).await?;
        let engine = Engine::new(link, names, self.codec, self.response_timeout);
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
    /// The node belongs to a cluster: take `RedisStoreBuilder::cluster`, behind the feature `redis-cluster`.
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
