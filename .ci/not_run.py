"""List the tests that were skipped in a pass and run in none of them, with their reasons."""

import sys
import xml.etree.ElementTree as ElementTree

skipped: dict[str, str] = {}
run: set[str] = set()
for report in sys.argv[1:]:
    for case in ElementTree.parse(report).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        reason = case.find("skipped")
        if reason is None:
            run.add(name)
        else:
            skipped[name] = reason.get("message", "")
left = sorted(skipped.keys() - run)
print(f"Run in neither pass: {len(left) or 'nothing'}")
for name in left:
    print(f"  {name}: {skipped[name]}")
