//! What answers while a process holds a data folder: the page and the API on a port, and the same on the control socket.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use bowerbird_web::{Site, Trust};
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinSet;

use crate::folder::DataFolder;
use crate::house::House;
use crate::signals::Stop;

/// How many ports a demo tries.
const PORTS_TO_TRY: u16 = 50;

/// What to do when the port is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhenTaken {
    /// Say so and end.
    Fail,
    /// Take the next one.
    TakeNext,
}

/// Asks the system for as many open files as it lets this process have: each live page is one, and the usual 1,024 are soon taken.
fn allow_many_connections() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    let wanted = Rlimit {
        current: maximum,
        maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, wanted) {
        tracing::warn!(%error, "The limit of open files could not be raised; fewer pages can be live");
    }
}

/// A port of our own.
#[derive(Debug)]
pub(crate) struct Door {
    listener: TcpListener,
    /// Where it is.
    pub(crate) address: SocketAddr,
}

impl Door {
    /// Listens at an address; port 0 takes any that is free.
    pub(crate) async fn open(wanted: SocketAddr, when_taken: WhenTaken) -> Result<Self> {
        allow_many_connections();
        let mut address = wanted;
        loop {
            match TcpListener::bind(address).await {
                Ok(listener) => {
                    let address = listener.local_addr().context("asking for the port")?;
                    return Ok(Self { listener, address });
                }
                Err(error)
                    if error.kind() == ErrorKind::AddrInUse
                        && when_taken == WhenTaken::TakeNext =>
                {
                    let next = address.port().checked_add(1);
                    match next.filter(|next| next - wanted.port() < PORTS_TO_TRY) {
                        Some(next) => address.set_port(next),
                        None => bail!(
                            "ports {} to {} are all taken; --port names another",
                            wanted.port(),
                            address.port()
                        ),
                    }
                }
                Err(error) if error.kind() == ErrorKind::AddrInUse => {
                    bail!(
                        "{address} is taken by another program; `page.listen` in the configuration names another port"
                    )
                }
                Err(error) => return Err(error).with_context(|| format!("listening on {address}")),
            }
        }
    }

    /// The page's address, for people.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }
}

/// Answers until `stop` is asked: on the door, if there is one, and on the folder's control socket.
#[derive(Debug)]
pub(crate) struct Server {
    tasks: JoinSet<()>,
}

impl Server {
    /// Begins to answer. On anything but loopback only those who sign in get anywhere, and somebody must be able to.
    pub(crate) async fn start(house: &House, door: Option<Door>, stop: &Stop) -> Result<Self> {
        let port = door.as_ref().map_or(0, |door| door.address.port());
        let site = house.site(port);
        let mut tasks = JoinSet::new();
        serve_socket(&mut tasks, &house.folder, Arc::clone(&site), stop)?;
        if let Some(door) = door {
            let has_password = !house
                .parts
                .store
                .users()
                .await
                .context("looking for passwords")?
                .is_empty();
            let trust = trust(door.address, has_password)?;
            let stop = stop.clone();
            tasks.spawn(async move {
                bowerbird_web::serve(door.listener, site, trust, stop.asked()).await
            });
        }
        Ok(Self { tasks })
    }

    /// Waits until everything is answered; at most about a second after `stop`.
    pub(crate) async fn finish(mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Whoever set a password wants it asked for, on loopback too.
fn trust(address: SocketAddr, has_password: bool) -> Result<Trust> {
    match (address.ip().is_loopback(), has_password) {
        (_, true) => Ok(Trust::Password),
        (true, false) => Ok(Trust::Loopback),
        (false, false) => bail!(
            "{address} can be reached from other machines, and no password is set: set one with `bowerbird user passwd`, or listen on 127.0.0.1"
        ),
    }
}

fn serve_socket(
    tasks: &mut JoinSet<()>,
    folder: &DataFolder,
    site: Arc<Site>,
    stop: &Stop,
) -> Result<()> {
    let (path, open_folder) = folder.socket()?;
    let context = || format!("listening on {}", path.display());
    // We hold the folder: a socket that is there was left by a process that was killed.
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(error).with_context(context);
        }
        _ => {}
    }
    let listener = UnixListener::bind(&path).with_context(context)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))
        .with_context(context)?;
    let stop = stop.clone();
    tasks.spawn(async move {
        bowerbird_web::serve(listener, site, Trust::LocalSocket, stop.asked()).await;
        // Nobody needs to find it; if it can't be removed, the next holder does.
        let _ = std::fs::remove_file(&path);
        drop(open_folder);
    });
    Ok(())
}

#[cfg(test)]
mod tests;
