//! One client of one API server, and its answers without what differs from server to server.

use std::{collections::BTreeMap, time::Duration};

use http::Request;
use http_body_util::BodyExt;
use kube::{Client, client::Body};
use serde_json::Value;

use crate::script::Step;

/// A client, and what it has seen of objects.
pub struct Session {
    client: Client,
    /// By name: uid, first version, last version.
    seen: BTreeMap<String, [String; 3]>,
}

impl Session {
    pub fn new(client: Client) -> Self {
        Self {
            client,
            seen: BTreeMap::new(),
        }
    }

    /// Code and body of the answer, as text to compare.
    pub async fn ask(&mut self, step: &Step) -> String {
        let (path, body) = (self.fill_in(&step.path), self.fill_in(&step.body));
        let request = Request::builder()
            .method(step.method)
            .uri(path)
            .header("content-type", step.media_type)
            .header("accept", step.accept)
            .body(Body::from(body.into_bytes()));
        let response = self.client.send(request.unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = body.collect().await.unwrap().to_bytes();
        let mut value = read(&text);
        self.learn(&value);
        if step.loosely {
            return format!("{} {}", parts.status.as_u16(), value["reason"]);
        }
        strip(&mut value);
        self.anonymous(&format!("{} {value}", parts.status.as_u16()))
    }

    /// Asks until the answer has the code that the step waits for, or half a minute has passed.
    pub async fn ask_until(&mut self, step: &Step) -> String {
        for _ in 0..300 {
            let answer = self.ask(step).await;
            if step.until.is_none_or(|code| answer.starts_with(code)) {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        format!("never {:?}", step.until)
    }

    /// Puts in what was seen: `<uid of a>`, `<version of a>`, `<first version of a>`.
    fn fill_in(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, [uid, first, last]) in &self.seen {
            text = text.replace(&format!("<uid of {name}>"), uid);
            text = text.replace(&format!("<first version of {name}>"), first);
            text = text.replace(&format!("<version of {name}>"), last);
        }
        text
    }

    fn learn(&mut self, value: &Value) {
        for object in [value]
            .into_iter()
            .chain(value["items"].as_array().into_iter().flatten())
        {
            let of = |field: &str| {
                object["metadata"][field]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            };
            if of("name").is_empty() || of("uid").is_empty() {
                continue;
            }
            let entry = self.seen.entry(of("name")).or_default();
            if entry[0] != of("uid") {
                *entry = [of("uid"), of("resourceVersion"), String::new()];
            }
            entry[2] = of("resourceVersion");
        }
    }

    /// Names in the place of uids, also where messages quote them.
    fn anonymous(&self, text: &str) -> String {
        // Where in etcd a server keeps its objects is its own business.
        let mut text = text.replace("Key: /real/", "Key: /registry/");
        for (name, [uid, first, last]) in &self.seen {
            text = text.replace(uid, &format!("<uid of {name}>"));
            for version in [first, last] {
                text = text.replace(&format!("({version})"), &format!("(<version of {name}>)"));
            }
        }
        text
    }
}

/// A body as JSON: the lines of a watch as an array, and what is no JSON as text.
fn read(body: &[u8]) -> Value {
    let text = String::from_utf8_lossy(body);
    let lines = || {
        text.lines()
            .map(serde_json::from_str::<Value>)
            .collect::<Result<Value, _>>()
    };
    serde_json::from_str(&text)
        .or_else(|_| lines())
        .unwrap_or_else(|_| text.as_ref().into())
}

/// Takes out versions, times, and who wrote what, which is not simulated.
fn strip(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.remove("managedFields");
            map.remove("storageVersionHash");
            // Sometimes there, but empty, in lists that have no further page.
            map.retain(|key, value| key != "continue" || value != "");
            if map.contains_key("priority") {
                // The words under which columns are explained are Kubernetes' own.
                map.remove("description");
            }
            for (key, value) in map.iter_mut() {
                let varies = [
                    "resourceVersion",
                    "creationTimestamp",
                    "deletionTimestamp",
                    "continue",
                ];
                if varies.contains(&key.as_str())
                    && value.as_str().is_some_and(|text| !text.is_empty())
                {
                    *value = format!("<{key}>").into();
                }
                strip(value);
            }
        }
        Value::Array(items) => {
            // A verb that is not simulated.
            items.retain(|item| item != "deletecollection");
            // Resources are discovered in any order.
            if items.iter().all(|item| item["singularName"].is_string()) {
                items.sort_by_key(|item| item["name"].to_string());
            }
            items.iter_mut().for_each(strip);
        }
        _ => {}
    }
}
