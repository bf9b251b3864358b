"""JAX-WS, generated from the vendor's WSDL: Java, and the reference implementation's jars.

The jars are those of Debian's package libjaxws-java, or those in the folder JAXWS_JARS.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from pytest_soblob.names import NETSERVER

JARS: Final = Path(os.environ.get("JAXWS_JARS", "/usr/share/java"))
_NAMES: Final = """
    jaxb-api jaxb-core jaxb-impl jaxb-runtime jaxb-xjc jaxb-jxc jaxws-api jaxws-rt jaxws-tools
    jaxws-ri-runtime jws-api saaj-impl stax-ex metro-policy gmbal mimepull javax.activation
    codemodel dtd-parser istack-commons-runtime istack-commons-tools relaxngDatatype rngom txw2
    xsom geronimo-annotation-1.3-spec xml-resolver management-api pfl-basic pfl-tf ha-api
"""
# The vendor has elements and types of one name, which Java's classes must not have.
_BINDING: Final = """\
<jaxws:bindings xmlns:jaxws="http://java.sun.com/xml/ns/jaxws" version="2.1"
    xmlns:jaxb="http://java.sun.com/xml/ns/jaxb" jaxb:version="2.1"
    xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"
    wsdlLocation="{wsdl}">
  <jaxws:bindings
      node="wsdl:definitions/wsdl:types/xs:schema[@targetNamespace='{namespace}']">
    <jaxb:schemaBindings><jaxb:package name="net.so"/><jaxb:nameXmlTransform>
      <jaxb:typeName suffix="Named"/>
    </jaxb:nameXmlTransform></jaxb:schemaBindings>
  </jaxws:bindings>
</jaxws:bindings>
"""


def is_there() -> bool:
    """Whether a JDK is, and the jars."""
    return shutil.which("javac") is not None and (JARS / "jaxws-tools.jar").is_file()


def class_path() -> str:
    """Return the jars that there are."""
    jars = (JARS / f"{name}.jar" for name in _NAMES.split())
    return os.pathsep.join(str(jar) for jar in jars if jar.is_file())


def generate(wsdl: Path, folder: Path) -> None:
    """Generate a client from a WSDL into a folder, and compile it with the calls."""
    binding = folder / "binding.xml"
    binding.write_text(_BINDING.format(wsdl=wsdl.as_uri(), namespace=NETSERVER))
    generator = ["java", "-cp", class_path(), "com.sun.tools.ws.WsImport", "-quiet", "-Xnocompile"]
    options = ["-s", str(folder), "-p", "net.so", "-extension", "-XadditionalHeaders", "-b"]
    subprocess.run([*generator, *options, binding, wsdl], check=True, timeout=120)
    source = Path(__file__).with_name("jaxws") / "Calls.java"
    sources = [source, *folder.rglob("*.java")]  # package-info, which no class names, included
    compiler = ["javac", "-nowarn", "-cp", class_path(), "-d", str(folder)]
    subprocess.run([*compiler, *sources], check=True, timeout=120)


def call(folder: Path, url: str, image: Path) -> list[str]:
    """Make the calls, return the lines that they print."""
    path = os.pathsep.join([str(folder), class_path()])
    command = ["java", "-cp", path, "Calls", url, str(image)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
