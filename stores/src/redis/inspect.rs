//! What a store looks at once it has connected: settings of the engine that it cannot live with, or should tell of.

use std::time::Duration;

use ::redis::{Cmd, Value};
use tokio::time::timeout;

use super::builder::RedisSetupError;
use super::link::Connection;

/// Looks at the engine. One that will not tell is taken as it is: hosted ones often refuse `INFO`.
pub(super) async fn inspect(
    mut connection: Connection,
    alone: bool,
    within: Duration,
) -> Result<(), RedisSetupError> {
    let mut told = Vec::new();
    if let Ok(Ok(answer)) = timeout(within, ask(&mut connection)).await {
        texts(answer, &mut told);
    }
    for info in &told {
        if too_old(info) {
            return Err(RedisSetupError::TooOld);
        }
        if alone && field(info, "cluster_enabled") == Some("1") {
            return Err(RedisSetupError::PartOfCluster);
        }
        if let Some(policy) = field(info, "maxmemory_policy")
            && policy != "noeviction"
        {
            tracing::warn!(
                target: "session",
                policy,
                "the engine may evict live sessions when its memory is full, and with them what it knows of \
                 revocations; set `maxmemory-policy noeviction`"
            );
        }
    }
    Ok(())
}

async fn ask(connection: &mut Connection) -> ::redis::RedisResult<Value> {
    let mut info = Cmd::new();
    info.arg("INFO");
    match connection {
        #[cfg(feature = "redis-cluster")]
        Connection::Cluster(cluster) => {
            use ::redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo};
            let everywhere = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
            cluster.route_command(info, everywhere).await
        }
        node @ Connection::Node(_) => node.send(&info).await,
    }
}

/// Every text in an answer, which comes from one node or, as a map or list, from several.
fn texts(answer: Value, told: &mut Vec<String>) {
    match answer {
        Value::BulkString(bytes) => told.extend(String::from_utf8(bytes)),
        Value::VerbatimString { text, .. } => told.push(text),
        Value::Map(nodes) => nodes
            .into_iter()
            .for_each(|(_, of_one)| texts(of_one, told)),
        Value::Array(nodes) => nodes.into_iter().for_each(|of_one| texts(of_one, told)),
        _ => {}
    }
}

fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    let of_name = |line: &'a str| line.strip_prefix(name)?.strip_prefix(':');
    info.lines().find_map(of_name).map(str::trim)
}

fn too_old(info: &str) -> bool {
    let Some(version) = field(info, "redis_version") else {
        return false;
    };
    let mut numbers = version
        .split('.')
        .map(|part| part.parse().unwrap_or(u32::MAX));
    let mut number = || numbers.next().unwrap_or_default();
    (number(), number()) < (6, 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        let of = |version| too_old(&format!("# Server\r\nredis_version:{version}\r\n"));
        for old in ["2.8.24", "5.0.14", "6.0.20"] {
            assert!(of(old), "{old}");
        }
        for new in ["6.2.0", "7.0.15", "10.0.1", "255.255.255", "unstable"] {
            assert!(!of(new), "{new}");
        }
        assert!(!too_old("who knows"));
    }

    #[test]
    fn a_field_is_the_whole_name() {
        let info = "maxmemory:0\r\nmaxmemory_policy:allkeys-lru\r\n";
        assert_eq!(field(info, "maxmemory_policy"), Some("allkeys-lru"));
        assert_eq!(field(info, "maxmemory"), Some("0"));
        assert_eq!(field(info, "memory_policy"), None);
    }
}
