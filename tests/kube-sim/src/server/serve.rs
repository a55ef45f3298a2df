//! Simulated clusters over TCP, for kubectl and for programs in processes of their own. What comes in are connections
//! to 127.0.0.1, what goes out is what the clusters answer; each is below a path of its own. There is no TLS and
//! nobody has to log in: nothing but tests may be served here.

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context;
use axum::body::Body;
use http::{Request, Response, Uri, uri::PathAndQuery};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};
use tower::{BoxError, service_fn};

use super::cluster::Cluster;
use super::reply::Reply;

/// Clusters that are being served, until this is dropped.
pub struct Serving {
    address: SocketAddr,
    names: Vec<String>,
    accepting: JoinHandle<()>,
}

impl Cluster {
    /// Serves clusters of different names on a free port of 127.0.0.1.
    pub async fn serve(clusters: &[Self]) -> anyhow::Result<Serving> {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .context("looking for a free port on 127.0.0.1")?;
        let address = listener.local_addr().context("asking which port is ours")?;
        let names = clusters
            .iter()
            .map(|cluster| cluster.name().to_owned())
            .collect();
        let accepting = tokio::spawn(accept(listener, clusters.into()));
        Ok(Serving {
            address,
            names,
            accepting,
        })
    }
}

impl Serving {
    /// The clusters' names, each with the URL of its API server.
    pub fn servers(&self) -> Vec<(String, String)> {
        let server = |name: &String| (name.clone(), format!("http://{}/{name}", self.address));
        self.names.iter().map(server).collect()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Takes connections until it is aborted, which ends them too.
async fn accept(listener: TcpListener, clusters: Arc<[Cluster]>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(converse(stream, clusters.clone()))),
                Err(error) => tracing::debug!("a connection was not accepted: {error}"),
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse(stream: TcpStream, clusters: Arc<[Cluster]>) {
    let service = service_fn(move |request| answer(clusters.clone(), request));
    let server = auto::Builder::new(TokioExecutor::new());
    let connection =
        server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    // Simulated faults end here as well: they break the connection, which is what the client is to see.
    if let Err(error) = connection.await {
        tracing::debug!("a connection broke: {error}");
    }
}

/// Hands a request on to the cluster that its path begins with.
async fn answer<B>(
    clusters: Arc<[Cluster]>,
    mut request: Request<B>,
) -> Result<Response<Body>, BoxError>
where
    B: http_body::Body + Send,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let path = request.uri().path().trim_start_matches('/');
    let (name, path) = path.split_once('/').unwrap_or((path, ""));
    let Some(cluster) = clusters.iter().find(|cluster| cluster.name() == name) else {
        return Reply::nothing_here().into_response();
    };
    let query = request
        .uri()
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    let rest: PathAndQuery = format!("/{path}{query}").parse()?;
    *request.uri_mut() = Uri::from(rest);
    cluster.inner.clone().answer(request).await
}
