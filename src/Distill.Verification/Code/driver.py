# Runs a candidate program and its tests in two processes of one sandbox, so that the program never sees a test:
# this process (pid 1) holds the tests; its child, forked before a test was read, holds the program. They talk through two
# pipes, in JSON. There is no /proc, and system calls that reach another process's memory are denied, so the child can answer
# wrongly, die or stay silent, and nothing else.
#
# Standard input: 8 bytes length, that many bytes of JSON with the program and what stands before it, then a JSON object with the
# tests. Standard output: the nonce of the tests, a space, and a JSON object that says how it went.
import builtins
import json
import os
import select
import signal
import sys
import time

LONGEST_FRAME = 64 << 20
EXACT = {"t": tuple, "s": set, "z": frozenset}
sys.set_int_max_str_digits(0)


class Ended(BaseException):
    """The candidate's process is gone, silent or babbling: the run is over, and no test can catch that."""

    def __init__(self, end, detail=""):
        self.end = end
        self.detail = detail


class Stranger(Exception):
    """Stands for an exception class of the candidate that has no built-in name."""


def read_exact(fd, count, deadline=None):
    parts = []
    while count > 0:
        if deadline is not None:
            poll = select.poll()
            poll.register(fd, select.POLLIN)
            if not poll.poll(max(0, (deadline - time.monotonic()) * 1000)):
                raise Ended("time_limit")
        part = os.read(fd, min(count, 1 << 20))
        if not part:
            raise Ended("runtime_error", "the program ended before it answered")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def read_frame(fd, deadline=None):
    length = int.from_bytes(read_exact(fd, 4, deadline), "big")
    if length > LONGEST_FRAME:
        raise Ended("output_limit")
    try:
        return json.loads(read_exact(fd, length, deadline))
    except (ValueError, RecursionError):
        raise Ended("runtime_error", "the program answered nonsense")


def write_frame(fd, value):
    data = json.dumps(value).encode()
    data = len(data).to_bytes(4, "big") + data
    try:
        while data:
            data = data[os.write(fd, data):]
    except BrokenPipeError:
        raise Ended("runtime_error", "the program ended before it was asked")


class Side:
    """One end of the pipes: values by value, everything else by a number that stands for it."""

    def __init__(self, read, write):
        self.read = read
        self.write = write
        self.kept = []

    def encode(self, value):
        kind = type(value)
        if value is None or kind in (bool, int, float, str):
            return value
        if kind in (list, tuple, set, frozenset):
            tag = "l" if kind is list else "t" if kind is tuple else "s" if kind is set else "z"
            return [tag] + [self.encode(item) for item in value]
        if kind is dict:
            return ["d"] + [[self.encode(key), self.encode(item)] for key, item in value.items()]
        if kind in (bytes, bytearray):
            return ["b" if kind is bytes else "B", value.hex()]
        if kind is complex:
            return ["c", value.real, value.imag]
        if kind is range:
            return ["r", value.start, value.stop, value.step]
        return self.encode_other(value, kind)

    def encode_other(self, value, kind):
        where = kind.__module__
        if where == "decimal" and kind.__name__ == "Decimal":
            return ["D", str(value)]
        if where == "fractions" and kind.__name__ == "Fraction":
            return ["F", value.numerator, value.denominator]
        if where == "collections" and kind.__name__ == "deque":
            return ["q", value.maxlen] + [self.encode(item) for item in value]
        if where == "collections" and kind.__name__ in ("Counter", "OrderedDict", "defaultdict"):
            return ["C", kind.__name__] + [[self.encode(key), self.encode(item)] for key, item in dict.items(value)]
        if isinstance(value, tuple) and hasattr(kind, "_fields"):
            return ["t"] + [self.encode(item) for item in tuple.__iter__(value)]
        for base in (int, float, str):
            if isinstance(value, base):
                return base.__new__(base, value) if base is not str else "".join(str.__iter__(value))
        return self.keep(value)

    def decode(self, value):
        if type(value) is not list:
            return value
        tag, rest = value[0], value[1:]
        if tag == "l":
            return [self.decode(item) for item in rest]
        if tag in EXACT:
            return EXACT[tag]([self.decode(item) for item in rest])
        if tag == "d":
            return {self.decode(key): self.decode(item) for key, item in rest}
        if tag in ("b", "B"):
            return (bytes if tag == "b" else bytearray).fromhex(rest[0])
        if tag == "c":
            return complex(rest[0], rest[1])
        if tag == "r":
            return range(*rest)
        return self.decode_other(tag, rest)

    def decode_other(self, tag, rest):
        if tag == "D":
            import decimal
            return decimal.Decimal(rest[0])
        if tag == "F":
            import fractions
            return fractions.Fraction(*rest)
        if tag in ("q", "C"):
            import collections
            if tag == "q":
                return collections.deque([self.decode(item) for item in rest[1:]], rest[0])
            kind = {"Counter": collections.Counter, "OrderedDict": collections.OrderedDict}.get(rest[0], dict)
            return kind({self.decode(key): self.decode(item) for key, item in rest[1:]})
        if tag == "mine":
            return self.kept[rest[0]]
        return self.foreign(rest[0], rest[1])

    def keep(self, value):
        for number, kept in enumerate(self.kept):
            if kept is value:
                return ["o", number, type(value).__name__]
        self.kept.append(value)
        return ["o", len(self.kept) - 1, type(value).__name__]


# ---- the candidate's side ---------------------------------------------------------------------------------------------------


class Candidate(Side):
    def foreign(self, number, name):
        def callback(*arguments):
            write_frame(self.write, {"callback": number, "arguments": [self.encode(item) for item in arguments]})
            reply = read_frame(self.read)
            while "do" in reply:
                self.answer(reply)
                reply = read_frame(self.read)
            if "error" in reply:
                raise RuntimeError("the test's function failed: " + reply["error"])
            return self.decode(reply["value"])

        callback.number = number
        return callback

    def encode(self, value):
        number = getattr(value, "number", None) if type(value).__name__ == "function" and value.__name__ == "callback" else None
        return super().encode(value) if number is None else ["mine", number]

    def answer(self, request):
        try:
            target = self.decode(request["on"])
            arguments = [self.decode(item) for item in request["arguments"]]
            named = {key: self.decode(item) for key, item in request.get("named", {}).items()}
            value = ACTIONS[request["do"]](target, *arguments, **named)
            reply = {"value": self.encode(value)}
            if request["do"] == "call":
                after = [self.encode(item) if isinstance(item, (list, dict, set, bytearray)) else None for item in arguments]
                reply["after"] = [item if item != before else None for item, before in zip(after, request["arguments"])]
        except BaseException as error:
            reply = describe(error)
        write_frame(self.write, reply)

    def run(self, source):
        space = type(sys)("solution")
        sys.modules["solution"] = space
        sys.setrecursionlimit(50000)
        for part in source["before"]:  # imports and the prompt's own functions; the program itself may not need them
            try:
                exec(compile(part, "before.py", "exec"), space.__dict__)
            except BaseException:
                pass
        try:
            code = compile(source["program"], "solution.py", "exec")
        except BaseException as error:
            return write_frame(self.write, dict(describe(error), compile=True))
        try:
            exec(code, space.__dict__)
        except BaseException as error:
            return write_frame(self.write, describe(error))
        names, errors = {}, {}
        for name, value in list(space.__dict__.items()):
            if name.startswith("__") or type(value) is type(sys):
                continue
            if isinstance(value, type) and issubclass(value, BaseException):
                errors[name] = [base.__name__ for base in value.__mro__]
            else:
                names[name] = self.encode(value)
        write_frame(self.write, {"names": names, "errors": errors})
        while True:
            self.answer(read_frame(self.read))


def describe(error):
    try:
        text = str(error)[:2000]
    except BaseException:
        text = ""
    return {"error": [base.__name__ for base in type(error).__mro__], "text": text}


ACTIONS = {
    "call": lambda target, *arguments, **named: target(*arguments, **named),
    "get": getattr,
    "set": setattr,
    "iterate": iter,
    "next": lambda target: ["more", next(target)],
    "length": len,
    "truth": bool,
    "text": str,
    "show": repr,
    "equal": lambda left, right: bool(left == right),
    "less": lambda left, right: bool(left < right),
    "item": lambda target, key: target[key],
    "put": lambda target, key, value: target.__setitem__(key, value),
    "contains": lambda target, key: key in target,
}


# ---- the tests' side --------------------------------------------------------------------------------------------------------


class Tester(Side):
    def __init__(self, read, write, seconds):
        super().__init__(read, write)
        self.seconds = seconds
        self.deadline = None
        self.classes = {}

    def foreign(self, number, name):
        return Remote(self, number, name)

    def encode(self, value):
        if type(value) is Remote:
            return ["mine", object.__getattribute__(value, "_number")]
        return super().encode(value)

    def receive(self):
        frame = read_frame(self.read, self.deadline)
        if type(frame) is not dict:
            raise Ended("runtime_error", "the program answered nonsense")
        return frame

    def ask(self, action, target, *arguments, **named):
        encoded = [self.encode(item) for item in arguments]
        request = {"do": action, "on": self.encode(target), "arguments": encoded}
        if named:
            request["named"] = {key: self.encode(item) for key, item in named.items()}
        write_frame(self.write, request)
        while True:
            reply = self.receive()
            if "callback" not in reply:
                break
            self.serve(reply)
        try:
            if "error" in reply:
                raise self.exception(reply)
            for before, after in zip(arguments, reply.get("after", [])):
                if after is not None:
                    refill(before, self.decode(after))
            return self.decode(reply["value"])
        except (KeyError, IndexError, TypeError, AttributeError, ValueError, RecursionError) as error:
            if getattr(error, "from_candidate", False):
                raise
            raise Ended("runtime_error", "the program answered nonsense")

    def serve(self, request):
        try:
            function = self.kept[request["callback"]]
            reply = {"value": self.encode(function(*[self.decode(item) for item in request["arguments"]]))}
        except Exception as error:
            reply = {"error": repr(error)[:200]}
        write_frame(self.write, reply)

    def exception(self, reply):
        names = reply["error"]
        kind = Stranger
        for name in names:
            known = self.classes.get(name) or getattr(builtins, str(name), None)
            if isinstance(known, type) and issubclass(known, Exception):
                kind = known
                break
        try:
            error = kind(str(reply.get("text", "")))
        except TypeError:
            error = Stranger(str(reply.get("text", "")))
        error.from_candidate = str(names[0]) if names else "Exception"
        return error

    def learn(self, reply):
        """The candidate's global names, as the tests see them."""
        for name, bases in reply.get("errors", {}).items():
            base = next((found for found in (getattr(builtins, str(item), None) for item in bases)
                         if isinstance(found, type) and issubclass(found, Exception)), Exception)
            self.classes[name] = type(name, (base,), {})
        names = {name: self.decode(value) for name, value in reply["names"].items()}
        names.update(self.classes)
        return names


def refill(before, after):
    if type(before) is list or type(before) is bytearray:
        before[:] = after
    elif type(before) in (dict, set):
        before.clear()
        before.update(after)


class Remote:
    """Something of the candidate's that has no value of its own: a function, a class, an object."""

    def __init__(self, side, number, name):
        object.__setattr__(self, "_side", side)
        object.__setattr__(self, "_number", number)
        object.__setattr__(self, "_name", name)

    def _ask(self, action, *arguments, **named):
        return object.__getattribute__(self, "_side").ask(action, self, *arguments, **named)

    def __call__(self, *arguments, **named):
        return self._ask("call", *arguments, **named)

    def __getattr__(self, name):
        return self._ask("get", name)

    def __setattr__(self, name, value):
        self._ask("set", name, value)

    def __iter__(self):
        iterator = self._ask("iterate")
        while True:
            try:
                item = iterator._ask("next")
            except StopIteration:
                return
            yield item[1]

    def __next__(self):
        return self._ask("next")[1]

    def __len__(self):
        return self._ask("length")

    def __bool__(self):
        return self._ask("truth") is True

    def __str__(self):
        return str(self._ask("text"))

    def __repr__(self):
        return str(self._ask("show"))

    def __getitem__(self, key):
        return self._ask("item", key)

    def __setitem__(self, key, value):
        self._ask("put", key, value)

    def __contains__(self, key):
        return self._ask("contains", key) is True

    # Only objects of the candidate are compared by the candidate: against a value of the tests it has no say.
    def __eq__(self, other):
        return self._ask("equal", other) is True if type(other) is Remote else NotImplemented

    def __lt__(self, other):
        return self._ask("less", other) is True if type(other) is Remote else NotImplemented

    def __hash__(self):
        return object.__getattribute__(self, "_number")


def plain(value):
    """JSON has no tuples."""
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def run_calls(tester, names, job, report):
    name = job["entry"]
    for number, case in enumerate(job["tests"]):
        report["test"] = number
        tester.deadline = time.monotonic() + tester.seconds
        owner = names.get("Solution")
        if type(owner) is Remote and name not in names:
            function = getattr(owner(), name)
        elif name in names:
            function = names[name]
        else:
            raise NameError(name + " is not defined")
        result, expected = plain(function(*case["arguments"])), case["expected"]
        if result != expected and not (job.get("wrapped") and [result] == expected):
            report["detail"] = ("expected " + repr(expected)[:300] + ", got " + repr(result)[:300])
            raise AssertionError()
        report["passed"] += 1


def run_asserts(tester, names, job, report):
    space = dict(names, __name__="tests")
    tests = []
    try:
        tests = [compile(text, "tests.py", "exec") for text in [job["setup"]] + job["tests"]]
    except (SyntaxError, ValueError) as error:
        raise Ended("bad_tests", str(error))
    tester.deadline = time.monotonic() + tester.seconds
    exec(tests[0], space)
    for number, test in enumerate(tests[1:]):
        report["test"] = number
        tester.deadline = time.monotonic() + tester.seconds
        exec(test, space)
        if job.get("entry"):
            if job["entry"] not in names:
                raise NameError(job["entry"] + " is not defined")
            space["check"](names[job["entry"]])
        report["passed"] += 1


def judge(tester, job, report):
    try:
        tester.deadline = time.monotonic() + tester.seconds
        reply = tester.receive()
        if "error" in reply:
            report["end"] = "compile_error" if reply.get("compile") else "runtime_error"
            report["detail"] = str(reply["error"][0]) + ": " + str(reply.get("text", ""))
            return
        names = tester.learn(reply)
        (run_calls if job["style"] == "calls" else run_asserts)(tester, names, job, report)
        report["end"] = "passed"
    except Ended as ended:
        report["end"], report["detail"] = ended.end, ended.detail
    except Exception as error:
        origin = getattr(error, "from_candidate", None)
        report["end"] = "wrong_answer" if origin is None and type(error) is not NameError else "runtime_error"
        if origin == "MemoryError":
            report["end"] = "memory_limit"
        report.setdefault("detail", (origin or type(error).__name__) + ": " + str(error)[:500])


def main():
    source = json.loads(read_exact(0, int.from_bytes(read_exact(0, 8), "big")))
    (child_reads, asks), (answers, child_writes) = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        nothing = os.open("/dev/null", os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)
        os.close(asks)
        os.close(answers)
        candidate = Candidate(child_reads, child_writes)
        read_frame(child_reads)
        try:
            candidate.run(source)
        finally:
            os._exit(0)
    os.close(child_reads)
    os.close(child_writes)
    parts = []
    while part := os.read(0, 1 << 20):
        parts.append(part)
    job = json.loads(b"".join(parts))
    report = {"passed": 0, "test": 0}
    tester = Tester(answers, asks, job["seconds"])
    try:
        write_frame(asks, {})
        judge(tester, job, report)
    except Ended as ended:
        report["end"], report["detail"] = ended.end, ended.detail
    os.kill(child, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    report["cpu"] = usage.ru_utime + usage.ru_stime
    os.write(1, (job["nonce"] + " " + json.dumps(report) + "\n").encode())
    os._exit(0)


main()
