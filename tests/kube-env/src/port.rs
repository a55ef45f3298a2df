//! Ports of 127.0.0.1 that are ours from the first moment to the last.
//!
//! Asking for a free port and giving it back for a server to take leaves a gap in which another test, or any outgoing
//! connection, can take it, and so does a server that is stopped and started again. Here the port stays bound (but not
//! listened on: connections to it are refused) and the servers share it by SO_REUSEPORT.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Context as _;
use tokio::net::TcpSocket;

/// A port that nobody else gets while this value lives.
pub(super) struct Port {
    number: u16,
    /// Never read: it is what keeps others away.
    _bound: TcpSocket,
}

impl Port {
    /// Takes a free port.
    pub fn reserve() -> anyhow::Result<Self> {
        Self::bind().context("no port of 127.0.0.1 could be reserved")
    }

    fn bind() -> std::io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseport(true)?;
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        Ok(Self {
            number: socket.local_addr()?.port(),
            _bound: socket,
        })
    }

    /// The port's number.
    pub fn number(&self) -> u16 {
        self.number
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn a_reserved_port_refuses_connections_and_other_listeners() {
        let port = Port::reserve().unwrap();
        let address = (Ipv4Addr::LOCALHOST, port.number());
        let connecting = TcpStream::connect(address).unwrap_err();
        assert_eq!(connecting.kind(), ErrorKind::ConnectionRefused);
        let listening = TcpListener::bind(address).unwrap_err();
        assert_eq!(listening.kind(), ErrorKind::AddrInUse);
    }

    #[tokio::test]
    async fn a_server_that_shares_ports_listens_on_a_reserved_one() {
        let port = Port::reserve().unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.number()));
        let server = TcpSocket::new_v4().unwrap();
        server.set_reuseport(true).unwrap();
        server.bind(address).unwrap();
        let _listener = server.listen(1).unwrap();
        TcpStream::connect(address).unwrap();
    }
}
