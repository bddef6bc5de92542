use super::*;

#[test]
fn other_machines_get_in_with_a_password_only() {
    let loopback: SocketAddr = "127.0.0.1:1".parse().unwrap();
    let open: SocketAddr = "0.0.0.0:1".parse().unwrap();
    assert_eq!(trust(loopback, false).unwrap(), Trust::Loopback);
    assert_eq!(trust(loopback, true).unwrap(), Trust::Password);
    assert_eq!(trust(open, true).unwrap(), Trust::Password);
    let refused = trust(open, false).unwrap_err().to_string();
    assert!(refused.contains("bowerbird user passwd"), "{refused}");
}
