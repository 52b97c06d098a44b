"""mosquitto.conf as text. (Whether Mosquitto obeys it: test_rights, test_delivery, test_hostile, test_mosquitto.)"""

from pathlib import PurePosixPath as P

from presslight.broker.config import ConfigFiles, Listener, mosquitto_conf
from presslight.broker.limits import MAX_PACKET_BYTES

FILES = ConfigFiles(P("/p/passwords"), P("/p/acl"))
PLAIN = Listener("127.0.0.1", 1883)


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("#")]


def test_nobody_is_anonymous_and_no_client_waits_for_nagle() -> None:
    written = lines(mosquitto_conf([PLAIN], FILES))
    for line in (
        "allow_anonymous false",
        "password_file /p/passwords",
        "acl_file /p/acl",
        "set_tcp_nodelay true",
        f"max_packet_size {MAX_PACKET_BYTES + 1}",
        "log_dest stderr",
    ):
        assert line in written


def test_each_listener_is_followed_by_its_own_bounds() -> None:
    tls = Listener("0.0.0.0", 8883, P("/c/server.crt"), P("/c/server.key"))
    written = lines(mosquitto_conf([PLAIN, tls], FILES))
    bounds = ["max_connections 10000", "max_qos 1", "use_username_as_clientid true"]
    at = written.index("listener 1883 127.0.0.1")
    assert written[at + 1 :] == [
        *bounds,
        "listener 8883 0.0.0.0",
        *bounds,
        "certfile /c/server.crt",
        "keyfile /c/server.key",
        "tls_version tlsv1.2",
    ]


def test_nothing_is_kept_without_a_folder() -> None:
    assert "persistence false" in lines(mosquitto_conf([PLAIN], FILES))
    kept = lines(mosquitto_conf([PLAIN], FILES._replace(store=P("/data"))))
    assert {"persistence true", "persistence_location /data/", "autosave_on_changes false"} <= set(kept)


def test_every_packet_is_logged_only_where_asked() -> None:
    assert "log_type debug" not in lines(mosquitto_conf([PLAIN], FILES))
    assert "log_type debug" in lines(mosquitto_conf([PLAIN], FILES, log_packets=True))


def test_user_is_named_only_where_given() -> None:
    assert "user root" in lines(mosquitto_conf([PLAIN], FILES, user="root"))
    assert not any(line.startswith("user ") for line in lines(mosquitto_conf([PLAIN], FILES)))
