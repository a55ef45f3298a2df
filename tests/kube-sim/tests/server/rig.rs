//! What the tests share: a cluster with one kind of objects, boats, and plain requests to it.

use std::{future::Future, time::Duration};

use futures::{AsyncBufReadExt, StreamExt, stream::BoxStream};
use http::Request;
use http_body_util::BodyExt;
use kube::{
    Client,
    api::{Api, ApiResource, DynamicObject},
    client::Body,
    core::GroupVersionKind,
};
use kube_sim::{Cluster, tokio_clock};
use serde_json::{Value, json};

/// Boats and harbours.
pub const DEFINITIONS: &str = include_str!("../../../fixtures/harbour/definitions.yaml");

/// Where the boats of the namespace `ns` are.
pub const HERE: &str = "/apis/harbour.test/v1/namespaces/ns/boats";
const JSON: &str = "application/json";
pub const MERGE: &str = "application/merge-patch+json";

/// A cluster and a client of it.
pub struct Rig {
    pub cluster: Cluster,
    pub client: Client,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub code: u16,
    pub body: Value,
}

impl Rig {
    pub fn new() -> Self {
        Self::on(Cluster::new("sea", tokio_clock()))
    }

    /// On a cluster that has nothing yet.
    pub fn on(cluster: Cluster) -> Self {
        cluster.install_crds(DEFINITIONS).unwrap();
        cluster.create_namespace("ns");
        let client = cluster.client("test");
        Self { cluster, client }
    }

    /// Any request, with this type of its body or else of its answer.
    pub async fn ask(&self, method: &str, path: &str, media_type: &str, body: Value) -> Answer {
        let (header, body) = match body {
            Value::Null => ("accept", Vec::new()),
            body => ("content-type", body.to_string().into_bytes()),
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header, media_type)
            .body(Body::from(body));
        let response = self.client.send(request.unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = body.collect().await.unwrap().to_bytes();
        Answer {
            code: parts.status.as_u16(),
            body: serde_json::from_slice(&text).unwrap_or(Value::Null),
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, JSON, Value::Null).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask("POST", path, JSON, body).await
    }

    /// Merges a patch into what is at a path.
    pub async fn merge(&self, path: &str, patch: Value) -> Answer {
        self.ask("PATCH", path, MERGE, patch).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.ask("DELETE", path, JSON, Value::Null).await
    }

    /// A boat that was made just now.
    pub async fn boat(&self, name: &str) -> Value {
        let answer = self.post(HERE, boat(name)).await;
        assert_eq!(answer.code, 201, "{answer:?}");
        answer.body
    }

    /// The lines of a watch, each as its type and its object.
    pub async fn watch(&self, query: &str) -> BoxStream<'static, std::io::Result<(String, Value)>> {
        let request = Request::get(format!("{HERE}?watch=true&{query}"))
            .body(Vec::new())
            .unwrap();
        let lines = self.client.request_stream(request).await.unwrap().lines();
        let read = |line: std::io::Result<String>| {
            let event: Value = serde_json::from_str(&line?).unwrap();
            Ok((
                event["type"].as_str().unwrap().to_owned(),
                event["object"].clone(),
            ))
        };
        lines.map(read).boxed()
    }

    pub fn boats(&self) -> Api<DynamicObject> {
        let gvk = GroupVersionKind::gvk("harbour.test", "v1", "Boat");
        Api::namespaced_with(self.client.clone(), "ns", &ApiResource::from_gvk(&gvk))
    }

    /// The names of the boats there are.
    pub fn names(&self) -> Vec<String> {
        let boats = self.cluster.objects("boats");
        boats
            .iter()
            .map(|boat| boat["metadata"]["name"].as_str().unwrap().to_owned())
            .collect()
    }
}

pub fn boat(name: &str) -> Value {
    json!({"apiVersion": "harbour.test/v1", "kind": "Boat", "metadata": {"name": name}, "spec": {"name": name}})
}

/// The same object as an owner.
pub fn owner(object: &Value) -> Value {
    json!({
        "apiVersion": object["apiVersion"], "kind": object["kind"],
        "name": object["metadata"]["name"], "uid": object["metadata"]["uid"],
    })
}

pub fn with_metadata(mut object: Value, field: &str, value: Value) -> Value {
    object["metadata"][field] = value;
    object
}

/// The next of a stream, which must come within an hour of the test's clock.
pub async fn soon<T>(next: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(3_600), next)
        .await
        .expect("nothing came within an hour")
}

/// Lets everything that is due happen.
pub async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}
