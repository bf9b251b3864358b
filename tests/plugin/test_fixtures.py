"""The fixtures, their settings and options."""

from textwrap import dedent

import pytest

from tests.plugin.conftest import Run

ZEEP = """
    from pytest_soblob import assert_saved, assert_valid_request, assert_valid_response

    def test_upload(soblob_client, soblob_endpoint, soblob_validator):
        answer = soblob_client.service.SaveImageStream("PersonImage", b"12345", "a portrait")
        assert answer.header.Succeeded is True
        assert_saved(soblob_endpoint, image=b"12345", type="PersonImage", description="a portrait")
        soblob_client.service.ChangePersonImage(42, answer.body.Response)
        assert soblob_endpoint.person_images == {42: answer.body.Response}
        save, change = soblob_endpoint.exchanges
        assert_valid_request(save, profile="wsdl", installation="online")
        assert_valid_response(save, profile="wsdl")
        assert_valid_response(change)
        assert soblob_validator.is_valid(save.request.body)
        assert soblob_validator.responses.is_valid(save.response.body)
        assert not soblob_validator.requests.is_valid(b"")
        assert save.message == soblob_endpoint.last_request
    """


def test_zeep_uploads_attaches_and_is_right(run: Run) -> None:
    run(ZEEP).assert_outcomes(passed=1)


def test_command_line_over_ini_over_fixture(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeini(
        "[pytest]\naddopts = --strict-markers\nsoblob_ticket = 7T:FromTheIniFile\n"
        "soblob_installation = online\n"
        "soblob_behaviour = wcf\n"
    )
    pytester.makeconftest(
        """
        import pytest
        from pytest_soblob import SoblobSettings

        @pytest.fixture(scope="session")
        def soblob_settings():
            return SoblobSettings(
                profile="wsdl", ticket="7T:FromTheFixture", application_tokens=("from-the-fixture",)
            )
        """
    )
    result = run(
        """
        def test_settings(soblob_endpoint, soblob_client):
            settings = soblob_endpoint.settings
            assert settings.profile == "wsdl"
            assert settings.installation == "online"
            assert settings.behaviour == "wcf"
            assert settings.ticket == "7T:FromTheCommandLine"
            assert settings.application_tokens == ("from-the-fixture",)
            answer = soblob_client.service.SaveImageStream("PersonImage", b"1", "d")
            assert answer.header.Succeeded is True
            assert soblob_endpoint.last_request.ticket == "7T:FromTheCommandLine"

        def test_another_ticket_is_refused(soblob_endpoint):
            from client import post
            from pytest_soblob import SaveImageStreamRequest
            import requests
            sent = SaveImageStreamRequest(
                type="PersonImage", image=b"1", description="d", ticket="7T:another",
                application_token="from-the-fixture",
            ).to_http_request()
            answer = requests.post(
                soblob_endpoint.url, data=sent.body, headers=dict(sent.headers), timeout=30
            )
            assert b"SoSessionException" in answer.content and not soblob_endpoint.blobs
        """,
        "--soblob-ticket=7T:FromTheCommandLine",
    )
    result.assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("option", "text"),
    [
        (
            "--soblob-profile=wsdll",
            "*soblob: --soblob-profile: profile must be one of 'auto', *'wsdll'",
        ),
        (
            "--soblob-installation=cloud",
            "*installation must be one of 'onsite', 'online', not 'cl*",
        ),
    ],
)
def test_a_wrong_option_is_one_clear_line(run: Run, option: str, text: str) -> None:
    result = run("def test_it(): pass", option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([text])


def test_help_and_markers_name_ours(pytester: pytest.Pytester) -> None:
    pytester.runpytest("--help").stdout.fnmatch_lines(
        ["*--soblob-profile=*", "*--soblob-installation=*", "*--soblob-ticket=*"]
    )
    pytester.runpytest("--markers").stdout.fnmatch_lines(["@pytest.mark.soblob_expects(?rules):*"])


def test_parameters_that_are_images_are_named_by_their_repr(run: Run) -> None:
    result = run(
        """
        import pytest
        from pytest_soblob import ImageBytes
        @pytest.mark.parametrize("image", [ImageBytes(format="GIF")])
        def test_it(image): pass
        """,
        "-v",
    )
    result.stdout.fnmatch_lines(["*test_it?ImageBytes(format='GIF')?*PASSED*"])


def test_the_wsdl_fixture_is_a_file_that_zeep_loads(run: Run) -> None:
    run(
        """
        import zeep
        def test_it(soblob_wsdl):
            client = zeep.Client(str(soblob_wsdl))
            operations = client.service._binding._operations
            assert {"SaveImageStream", "ChangePersonImage", "GetBlobStream"} <= set(operations)
            client.transport.session.close()
        """
    ).assert_outcomes(passed=1)


@pytest.mark.slow
def test_nothing_is_left_open(run: Run) -> None:
    """Threads, sockets and files of a whole session, with every warning an error."""
    result = run(
        ZEEP
        + """
    def test_closed_by_the_client_and_by_us(soblob_endpoint):
        from client import post
        import pytest, requests
        soblob_endpoint.reply(close=True)
        with pytest.raises(requests.ConnectionError):
            post(soblob_endpoint)

    import gc, os, threading, pytest

    def of_ours():
        return [t.name for t in threading.enumerate() if t.name.startswith("soblob")]

    def test_running(soblob_endpoint):
        assert of_ours() == ["soblob-server"]
    """,
        "-W", "error", "-p", "after", subprocess=True,
    )  # fmt: skip
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["after: threads []"])


@pytest.fixture(autouse=True)
def _after(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        after="""
        import gc, threading
        def pytest_unconfigure(config):
            gc.collect()
            print("after: threads", [t.name for t in threading.enumerate() if "soblob" in t.name])
        """
    )


TLS = """
    import pytest, requests
    from pytest_soblob import ImageBytes, SaveImageStreamRequest, assert_saved

    RIGHT = SaveImageStreamRequest(
        type="PersonImage", image=ImageBytes(), description="d", ticket="7T:x"
    ).to_http_request()

    def post(endpoint, **options):
        with requests.Session() as session:
            session.trust_env = False
            return session.post(
                endpoint.url, data=RIGHT.body, headers=dict(RIGHT.headers), timeout=30, **options
            )
"""


@pytest.mark.slow
def test_an_endpoint_over_tls(run: Run) -> None:
    run(
        TLS
        + """
    def test_it(soblob_endpoint_tls, soblob_authority):
        assert soblob_endpoint_tls.url.startswith("https://127.0.0.1:")
        assert post(soblob_endpoint_tls, verify=str(soblob_authority.ca_file)).status_code == 200
        assert_saved(soblob_endpoint_tls)

    def test_clean_in_the_next_test_and_trusted_by_nobody_else(soblob_endpoint_tls):
        assert soblob_endpoint_tls.exchanges == []
        with pytest.raises(requests.exceptions.SSLError):
            post(soblob_endpoint_tls)

    def test_beside_the_plain_one(soblob_endpoint, soblob_endpoint_tls, soblob_authority):
        assert post(soblob_endpoint).status_code == 200
        assert (len(soblob_endpoint.blobs), len(soblob_endpoint_tls.blobs)) == (1, 0)
    """,
        "-W", "error", subprocess=True,
    ).assert_outcomes(passed=3)  # fmt: skip


def test_a_client_certificate_may_be_asked_for(run: Run) -> None:
    run(
        TLS
        + """
    from pytest_soblob import SoblobSettings

    @pytest.fixture(scope="session")
    def soblob_settings():
        return SoblobSettings(client_certificate=True)

    def test_it(soblob_endpoint_tls, soblob_authority):
        trust = str(soblob_authority.ca_file)
        with pytest.raises(requests.exceptions.ConnectionError):
            post(soblob_endpoint_tls, verify=trust)
        own = str(soblob_authority.client_file)
        assert post(soblob_endpoint_tls, verify=trust, cert=own).status_code == 200
    """
    ).assert_outcomes(passed=1)


def test_without_trustme_it_says_what_to_install(run: Run) -> None:
    result = run(
        """
        import sys
        sys.modules["trustme"] = None

        def test_it(soblob_endpoint_tls):
            pass
        """
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*TLS needs *: pip install 'pytest-soblob[[]tls[]]'"])


def test_the_client_has_a_ticket_of_the_first_account(run: Run) -> None:
    run(
        """
        import pytest
        from pytest_soblob import Account, SoblobSettings

        @pytest.fixture(scope="session")
        def soblob_settings():
            return SoblobSettings(accounts=(Account(user="ada", password="p"),))

        @pytest.mark.parametrize("number", [1, 2])
        def test_it(soblob_client, soblob_endpoint, number):
            answer = soblob_client.service.SaveImageStream("PersonImage", b"x", "d")
            assert answer.header.Succeeded is True
            soblob_endpoint.clock.advance(hours=7)
        """
    ).assert_outcomes(passed=2)


def test_expected_calls_fail_the_test_at_the_end_of_its_call(run: Run) -> None:
    result = run(
        """
        from pytest_soblob import ExpectedCall

        def test_it(soblob_endpoint):
            soblob_endpoint.expect_calls(ExpectedCall("SaveImageStream", type="PersonImage"))

        def test_the_next_one_expects_nothing(soblob_endpoint):
            pass

        def test_a_failure_of_another_kind_says_it_too(soblob_endpoint):
            soblob_endpoint.expect_calls(ExpectedCall("GetPersonImage", person_id=7))
            assert False
        """
    )
    result.assert_outcomes(failed=2, passed=1)
    result.stdout.fnmatch_lines(
        [
            "*the calls were not as expected (0 calls received)",
            "*expected 1 of SaveImageStream, type 'PersonImage'; 0 received",
            "*soblob: what the endpoint saw*",
            "*expected 1 of GetPersonImage, person_id 7; 0 received",
        ]
    )


@pytest.mark.slow
def test_each_directory_and_module_has_its_own_settings(
    run: Run, pytester: pytest.Pytester
) -> None:
    settings = """
        import pytest
        from pytest_soblob import SoblobSettings

        @pytest.fixture(scope="session")
        def soblob_settings():
            return SoblobSettings({})
    """
    pytester.makeconftest(
        """
        import pytest

        @pytest.fixture(scope="session")
        def uploader(soblob_client, soblob_endpoint):  # of the user's own, made from ours
            def upload():
                soblob_client.service.SaveImageStream("PersonImage", b"x", "d")
                return soblob_endpoint.last_request.ticket
            return upload
        """
    )
    directory = pytester.mkpydir("t2_online")
    (directory / "conftest.py").write_text(dedent(settings.format("installation='online'")))
    (directory / "test_online.py").write_text(
        "def test_online(soblob_endpoint, soblob_validator):\n"
        "    assert soblob_endpoint.settings.installation == 'online'\n"
        "    assert soblob_validator.installation == 'online'\n"
    )
    pytester.makepyfile(
        test_1_own_ticket=settings.format("ticket='7T:mine'")
        + """
        def test_inside(uploader):
            assert uploader() == "7T:mine"

        def test_asked_for_late(request):
            endpoint = request.getfixturevalue("soblob_endpoint")
            assert endpoint.settings.ticket == "7T:mine"
        """,
        test_3_broken=settings.format("installation='elsewhere'")
        + """
        @pytest.mark.parametrize("number", [1, 2])
        def test_error(soblob_endpoint, number):
            pass
        """,
        test_4_as_dotnet=settings.format("behaviour='wcf'")
        + """
        from pytest_soblob import SaveImageStreamRequest
        import requests

        def test_red_in_the_other_one(soblob_endpoint):
            request = SaveImageStreamRequest(type="PersonImage", image=b"1", description="d")
            sent = request.to_http_request()
            wrong = sent.body.replace(b"Type>", b"Sort>")
            headers = dict(sent.headers)
            assert requests.post(soblob_endpoint.url, wrong, headers=headers).status_code == 200
        """,
    )
    result = run(
        """
        def test_before_or_after(uploader, soblob_endpoint):
            assert uploader() != "7T:mine"
            assert soblob_endpoint.settings.behaviour == "strict"
            assert len(soblob_endpoint.exchanges) == 1
        """,
        "-W", "error", "test_consumer.py", "test_1_own_ticket.py", "t2_online",
        "test_3_broken.py", "test_4_as_dotnet.py", "test_consumer.py", "--keep-duplicates",
        subprocess=True,
    )  # fmt: skip
    result.assert_outcomes(passed=5, errors=2, failed=1)
    result.stdout.fnmatch_lines_random(
        [
            "FAILED *::test_red_in_the_other_one *",
            "ERROR test_3_broken.py::test_error* SoblobError: installation must be one*",
        ]
    )
    result.stdout.no_fnmatch_line("*AssertionError*")


def test_what_a_fixture_sends_when_it_ends_counts_where_settings_change(
    run: Run, pytester: pytest.Pytester
) -> None:
    pytester.makeconftest(
        """
        import pytest
        from client import WRONG_ORDER, post

        @pytest.fixture(scope="session")
        def parting(soblob_endpoint):
            yield
            post(soblob_endpoint, WRONG_ORDER)
        """
    )
    pytester.makepyfile(
        test_other="""
        import pytest
        from pytest_soblob import SoblobSettings

        @pytest.fixture(scope="session")
        def soblob_settings():
            return SoblobSettings(behaviour="wcf")

        def test_next(soblob_endpoint):
            assert soblob_endpoint.settings.behaviour == "wcf"
        """
    )
    result = run(
        "def test_first(parting):\n    pass\n",
        "test_consumer.py", "test_other.py", "-W", "error",
    )  # fmt: skip
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["ERROR test_consumer.py::test_first - body.child-out-of-order: *"])


def test_settings_may_be_a_parameter(run: Run) -> None:
    run(
        """
        import pytest
        from pytest_soblob import SoblobSettings

        def test_before(soblob_endpoint):
            assert soblob_endpoint.settings.behaviour == "strict"

        @pytest.mark.parametrize(
            "soblob_settings",
            [SoblobSettings(behaviour="wcf"), SoblobSettings(installation="online")],
            scope="session",
            ids=["wcf", "online"],
        )
        def test_it(soblob_endpoint, request):
            settings = soblob_endpoint.settings
            assert request.node.callspec.id in (settings.behaviour, settings.installation)

        def test_after(soblob_endpoint):
            assert soblob_endpoint.settings.behaviour == "strict"
        """,
        "-W", "error",
    ).assert_outcomes(passed=4)  # fmt: skip


def test_settings_that_are_none_are_told(run: Run) -> None:
    result = run(
        """
        import pytest

        @pytest.fixture(scope="session")
        def soblob_settings():
            pass

        def test_it(soblob_endpoint):
            pass
        """
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*SoblobError: the fixture soblob_settings must return SoblobSettings(...), not None"]
    )
