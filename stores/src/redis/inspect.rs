//! What a store looks at once it has connected: settings of the engine that it cannot live with, or should tell of.

use std::time::Duration;

use ::redis::RedisResult;
use tokio::time::timeout;

use super::builder::RedisSetupError;
use super::cluster::all;
use super::link::Link;
use super::route::Route;

/// Looks at the engine. One that will not tell is taken as it is: hosted ones often refuse `INFO`.
pub(super) async fn inspect(route: &Route, within: Duration) -> Result<(), RedisSetupError> {
    let links = route.everywhere();
    let questions = links.iter().map(|link| timeout(within, ask(link)));
    let answers = all(questions.collect()).await;
    for info in answers.into_iter().filter_map(|answer| answer.ok()?.ok()) {
        let info = &info;
        if too_old(info) {
            return Err(RedisSetupError::TooOld);
        }
        if route.alone() && field(info, "cluster_enabled") == Some("1") {
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

async fn ask(link: &Link) -> RedisResult<String> {
    let (_, mut connection) = link.connection().await?;
    ::redis::cmd("INFO").query_async(&mut connection).await
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
