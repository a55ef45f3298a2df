//! What was asked of an API server, read from its audit log: comes in the log, goes out one value for each request.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;

/// The audit policy of the API servers: who asked what about which object, without the objects. Watches are logged
/// when they begin, since most end with the test.
pub(super) const POLICY: &str = "\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
";

/// One request that an API server has answered, or a watch that it has begun to answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Request {
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete` or `deletecollection`.
    pub verb: String,
    /// The plural name, for example `pods`; for a request that is about no resource its path, for example `/apis`.
    pub resource: String,
    /// For example `status`.
    pub subresource: Option<String>,
    /// None for cluster-scoped objects, and for requests about all namespaces.
    pub namespace: Option<String>,
    /// None for lists and watches.
    pub name: Option<String>,
    /// The HTTP status of the answer.
    pub code: u16,
}

/// The requests in a log by users whose name contains a text, in the order in which they were answered.
pub(super) fn read(log: &Path, user: &str) -> anyhow::Result<Vec<Request>> {
    let text = fs::read_to_string(log)
        .with_context(|| format!("the audit log {} is not readable", log.display()))?;
    parse(&text, user).with_context(|| format!("the audit log {} is not understood", log.display()))
}

fn parse(log: &str, user: &str) -> anyhow::Result<Vec<Request>> {
    let mut requests = Vec::new();
    // The server may be in the middle of a line.
    for line in log
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
    {
        let entry: Entry = serde_json::from_str(line).context(line.to_owned())?;
        if entry.user.username.contains(user) {
            requests.extend(entry.into_request());
        }
    }
    Ok(requests)
}

/// A line of the log, as far as it matters here (`audit.k8s.io/v1` Event).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    stage: String,
    verb: String,
    #[serde(rename = "requestURI")]
    request_uri: String,
    user: User,
    object_ref: Option<ObjectRef>,
    response_status: Option<ResponseStatus>,
}

#[derive(Deserialize)]
struct User {
    username: String,
}

#[derive(Default, Deserialize)]
struct ObjectRef {
    resource: Option<String>,
    subresource: Option<String>,
    namespace: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
struct ResponseStatus {
    code: u16,
}

impl Entry {
    /// None for the second line about the same request: a watch has one when it begins and one when it ends.
    fn into_request(self) -> Option<Request> {
        let stage = if self.verb == "watch" {
            "ResponseStarted"
        } else {
            "ResponseComplete"
        };
        if self.stage != stage {
            return None;
        }
        let path = self.request_uri.split('?').next().unwrap_or_default();
        let object = self.object_ref.unwrap_or_default();
        Some(Request {
            verb: self.verb,
            resource: object.resource.unwrap_or_else(|| path.to_owned()),
            subresource: object.subresource,
            namespace: object.namespace,
            name: object.name,
            code: self.response_status?.code,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(verb: &str, stage: &str, user: &str, object: &str) -> String {
        format!(
            r#"{{"stage":"{stage}","verb":"{verb}","requestURI":"/apis?limit=1","user":{{"username":"{user}"}},"responseStatus":{{"code":200}}{object}}}"#
        ) + "\n"
    }

    #[test]
    fn a_watch_counts_once_and_when_it_begins() {
        let begun = line("watch", "ResponseStarted", "a", "");
        assert_eq!(parse(&begun, "a").unwrap().len(), 1);
        let ended = line("watch", "ResponseComplete", "a", "");
        assert_eq!(parse(&(begun + &ended), "a").unwrap().len(), 1);
    }

    #[test]
    fn only_the_user_asked_for_is_counted() {
        let log = line("list", "ResponseComplete", "system:serviceaccount:a:b", "")
            + &line("list", "ResponseComplete", "admin", "");
        assert_eq!(parse(&log, ":a:b").unwrap().len(), 1);
        assert_eq!(parse(&log, "").unwrap().len(), 2);
    }

    #[test]
    fn a_request_is_named_by_its_resource_or_else_by_its_path() {
        let object =
            r#","objectRef":{"resource":"pods","subresource":"status","namespace":"n","name":"p"}"#;
        let log = line("patch", "ResponseComplete", "a", object)
            + &line("get", "ResponseComplete", "a", "");
        let requests = parse(&log, "a").unwrap();
        assert_eq!(
            requests[0],
            Request {
                verb: "patch".into(),
                resource: "pods".into(),
                subresource: Some("status".into()),
                namespace: Some("n".into()),
                name: Some("p".into()),
                code: 200,
            }
        );
        assert_eq!(requests[1].resource, "/apis");
    }

    #[test]
    fn a_line_that_is_still_being_written_waits() {
        let whole = line("get", "ResponseComplete", "a", "");
        let log = whole.clone() + &whole[..20];
        assert_eq!(parse(&log, "a").unwrap().len(), 1);
    }
}
