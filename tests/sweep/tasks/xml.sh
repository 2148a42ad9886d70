# shellcheck shell=sh
# xml: parses, queries and transforms
# programs: xmllint xsltproc

prepare() {
  awk 'BEGIN { print "<r>"; for (i = 0; i < 20000; i++) printf "<e id=\"%d\"><n>w%d</n></e>\n", i, i * 7919 % 5003; print "</r>" }' >a.xml
  echo '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/"><o><xsl:for-each select="//e[@id mod 3 = 0]"><xsl:sort select="n"/><x><xsl:value-of select="n"/></x></xsl:for-each></o></xsl:template></xsl:stylesheet>' >t.xsl
}

run() {
  xmllint --nonet --format a.xml | sha256sum
  xmllint --nonet --xpath 'count(//e[n="w77"])' a.xml
  xsltproc --nonet t.xsl a.xml | sha256sum
}
