//! Ranks on two machines, as far as the network is concerned.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::background::Running;
use crate::common::{Workplace, lasting, metrics, weights};
use crate::namespaces::{ADDRESSES, Namespaces, SUBNET};
use crate::program::{WIDE, alone, mpirun, run};

/// The program on a rank in each namespace. `mpirun` enters the other as it would enter another machine by ssh.
fn on_both(workplace: &Workplace, namespaces: &Namespaces, arguments: &str) -> Command {
    let [a, b] = &namespaces.names;
    let [at_a, at_b] = ADDRESSES;
    let agent = workplace.path("agent");
    let script = format!(
        "#!/bin/sh\ncase $1 in {at_a}) name={a};; *) name={b};; esac\nshift\nexec ip netns exec $name sh -c \"$*\"\n"
    );
    fs::write(&agent, script).expect("a file can be made");
    fs::set_permissions(&agent, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let mut command = mpirun(Command::new("mpirun"));
    command.args(["--host", &format!("{at_a},{at_b}")]);
    for (name, value) in [
        ("plm_rsh_agent", agent.to_str().expect("UTF-8")),
        ("btl", "tcp,self"),
        ("btl_tcp_if_include", SUBNET),
        ("oob_tcp_if_include", SUBNET),
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
    namespaces.inside(0, &command)
}

#[test]
fn a_network_changes_no_bit_and_may_be_cut() {
    let _alone = alone();
    let Some(namespaces) = Namespaces::new() else {
        return;
    };
    let workplace = Workplace::new();
    let options = format!("{WIDE} --backend flex --engine fused --threads 1 --quiet");
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
    let mut cut = Running::start(&workplace, cut);
    cut.wait_for_a_checkpoint("cut");
    namespaces.cut();
    let finished = cut.end();
    let stderr = &finished.stderr;
    let expected = "error: rank 1 of 2 is lost, or the network to it";
    assert!(
        stderr.contains(expected) && stderr.contains("--resume runs/cut"),
        "{stderr}"
    );
    assert!(finished.code != Some(0), "{stderr}");
}
