from unittest.mock import Mock

from presslight.cloud.uvicorn_protocols.response_transport import ResponseTransport


def test_what_is_written_after_the_end_goes_nowhere() -> None:
    transport = Mock(is_closing=Mock(side_effect=[False, True]))
    response_transport = ResponseTransport(transport)
    response_transport.write(b"a")
    response_transport.write(b"b")
    transport.write.assert_called_once_with(b"a")
