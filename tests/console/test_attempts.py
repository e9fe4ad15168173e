"""Sign-ins at the same moment are counted before any of them has ended: no more pass than one by one."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from opencbr.console.sign_in.attempts import Attempts

OF_A_USER_THERE = 10
OF_A_USER = 100
OF_AN_ADDRESS = 50


def together(attempts: Attempts, user: str, number: int, address: str = "127.0.0.1") -> list[bool]:
    """Begin tries that all wait for each other before the first of them ends."""
    begun, over = Barrier(number), Barrier(number)

    def one(_index: int) -> bool:
        begun.wait(60)
        allowed = attempts.begin(user, address)
        over.wait(60)
        if allowed:
            attempts.end(user, address, failed=True)
        return allowed

    with ThreadPoolExecutor(number) as threads:
        return list(threads.map(one, range(number)))


def test_tries_at_the_same_moment_are_not_more_than_one_by_one():
    attempts = Attempts()
    assert sum(together(attempts, "anna", 25)) == OF_A_USER_THERE
    assert sum(together(attempts, "anna", 5)) == 0
    assert sum(together(attempts, "berta", 5)) == 5


def test_a_try_that_did_not_fail_gives_its_place_back():
    attempts = Attempts()
    for _ in range(3 * OF_AN_ADDRESS):
        assert attempts.begin("anna", "127.0.0.1")
        attempts.end("anna", "127.0.0.1", failed=False)


def fail(attempts: Attempts, user: str, address: str, number: int) -> None:
    for _ in range(number):
        assert attempts.begin(user, address)
        attempts.end(user, address, failed=True)


def test_who_guesses_locks_out_nobody_elsewhere():
    attempts = Attempts()
    fail(attempts, "anna", "127.0.0.1", OF_A_USER_THERE)
    assert not attempts.begin("ANNA", "127.0.0.1"), "a user is the same in any spelling"
    assert 1 <= attempts.seconds_left("anna", "127.0.0.1") <= 300
    assert attempts.begin("anna", "127.0.0.2")
    assert attempts.begin("berta", "127.0.0.1")


def test_guesses_from_everywhere_are_bounded_too():
    attempts = Attempts()
    for number in range(OF_A_USER // OF_A_USER_THERE):
        fail(attempts, "anna", f"127.0.0.{number}", OF_A_USER_THERE)
    assert not attempts.begin("anna", "127.0.1.1")
    assert attempts.begin("berta", "127.0.1.1")


def test_a_place_that_is_taken_for_nothing_takes_none_elsewhere():
    attempts = Attempts()
    for _ in range(OF_A_USER_THERE):
        assert attempts.begin("anna", "127.0.0.1")
    assert not attempts.begin("anna", "127.0.0.1")
    for number in range(OF_AN_ADDRESS - OF_A_USER_THERE):
        assert attempts.begin(f"user-{number}", "127.0.0.1")
    assert not attempts.begin("somebody", "127.0.0.1")
    attempts.end("anna", "127.0.0.1", failed=False)
    assert attempts.begin("anna", "127.0.0.1")
