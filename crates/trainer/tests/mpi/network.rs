//! Two machines, as far as the network is concerned: two network namespaces, joined by a pair of virtual devices.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::common::{SMALL, Workplace, lasting, metrics, weights};
use crate::program::{Running, alone, mpirun, run};

/// Two namespaces, named after this process; gone when this is dropped.
struct Namespaces([String; 2]);

fn ip(arguments: &str) -> bool {
    let status = Command::new("ip").args(arguments.split(' ')).status();
    status.is_ok_and(|status| status.success())
}

impl Namespaces {
    /// `None` where they cannot be made: that takes a privileged user.
    fn new() -> Option<Self> {
        let names = ["a", "b"].map(|side| format!("trainer-{}-{side}", std::process::id()));
        let made = names.iter().all(|name| ip(&format!("netns add {name}")));
        let this = made.then(|| Self(names))?;
        let [a, b] = &this.0;
        for command in [
            format!("link add veth-a netns {a} type veth peer name veth-b netns {b}"),
            format!("-n {a} addr add 10.91.0.1/24 dev veth-a"),
            format!("-n {b} addr add 10.91.0.2/24 dev veth-b"),
            format!("-n {a} link set lo up"),
            format!("-n {b} link set lo up"),
            format!("-n {a} link set veth-a up"),
            format!("-n {b} link set veth-b up"),
        ] {
            assert!(ip(&command), "ip {command}");
        }
        Some(this)
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        for name in &self.0 {
            let _ = Command::new("ip").args(["netns", "del", name]).output();
        }
    }
}

/// The program on a rank in each namespace. `mpirun` enters the other as it would enter another machine by ssh.
fn on_both(workplace: &Workplace, Namespaces([a, b]): &Namespaces, arguments: &str) -> Command {
    let agent = workplace.path("agent");
    let script = format!(
        "#!/bin/sh\ncase $1 in 10.91.0.1) name={a};; *) name={b};; esac\nshift\nexec ip netns exec $name sh -c \"$*\"\n"
    );
    fs::write(&agent, script).expect("a file can be made");
    fs::set_permissions(&agent, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let mut command = Command::new("ip");
    command.args([
        "netns",
        "exec",
        a,
        "mpirun",
        "--host",
        "10.91.0.1,10.91.0.2",
    ]);
    let mut command = mpirun(command);
    for (name, value) in [
        ("plm_rsh_agent", agent.to_str().expect("UTF-8")),
        ("btl", "tcp,self"),
        ("btl_tcp_if_include", "10.91.0.0/24"),
        ("oob_tcp_if_include", "10.91.0.0/24"),
        // mpirun itself notices a lost link by these.
        ("oob_tcp_keepalive_time", "2"),
        ("oob_tcp_keepalive_intvl", "1"),
        ("oob_tcp_keepalive_probes", "2"),
    ] {
        command.args(["--mca", name, value]);
    }
    command
        .arg(env!("CARGO_BIN_EXE_trainer"))
        .args(arguments.split_whitespace())
        .current_dir(workplace.path(""));
    command
}

#[test]
fn a_network_changes_no_bit_and_may_be_cut() {
    let _alone = alone();
    let Some(namespaces) = Namespaces::new() else {
        assert!(
            std::env::var_os("REQUIRE_NAMESPACES").is_none(),
            "network namespaces cannot be made"
        );
        eprintln!("not run: this user may not make network namespaces");
        return;
    };
    let workplace = Workplace::new();
    let options = format!("{SMALL} --backend flex --engine fused --threads 1 --quiet");
    let here = run(
        &workplace,
        2,
        &format!("{options} --epochs 3 --run-name here"),
    );
    assert_eq!(here.code, Some(0), "{}", here.stderr);
    let there = on_both(
        &workplace,
        &namespaces,
        &format!("{options} --epochs 3 --run-name there"),
    );
    let there = Running::start(&workplace, there).end();
    assert_eq!(there.code, Some(0), "{}", there.stderr);
    let [here, there] = ["here", "there"].map(|name| workplace.path("runs").join(name));
    assert!(weights(&here) == weights(&there));
    assert_eq!(lasting(metrics(&here)), lasting(metrics(&there)));

    let cut = on_both(
        &workplace,
        &namespaces,
        &format!("{options} --epochs 20000 --run-name cut"),
    );
    let cut = Running::start(&workplace, cut);
    cut.wait_for_a_checkpoint("cut");
    assert!(ip(&format!("-n {} link set veth-a down", namespaces.0[0])));
    let finished = cut.end();
    let stderr = &finished.stderr;
    let expected = "error: rank 1 of 2 is lost, or the network to it";
    assert!(
        stderr.contains(expected) && stderr.contains("--resume runs/cut"),
        "{stderr}"
    );
    assert!(finished.code != Some(0), "{stderr}");
}
