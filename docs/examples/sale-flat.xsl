<?xml version="1.0" encoding="UTF-8"?>
<!--
  The canonical sale (docs/fulfilment.md) as one element with attributes, one more for each line:

    [fulfil.xml]
    stylesheet = "docs/examples/sale-flat.xsl"

  Copy it beside your config.toml and adapt the copy. See what comes out, without sending anything,
  with `passerelle convert` and its option for one order's sale.
-->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" indent="yes"/>

  <xsl:template match="/sale">
    <VENTE numero="{id}" date="{date}" magasin="{store}" reglement="{payment}" total="{total_paid}">
      <xsl:attribute name="piece">
        <xsl:choose>
          <xsl:when test="document = 'invoice'">FACTURE</xsl:when>
          <xsl:otherwise>TICKET</xsl:otherwise>
        </xsl:choose>
      </xsl:attribute>
      <xsl:if test="customer/vat_number">
        <xsl:attribute name="tva"><xsl:value-of select="customer/vat_number"/></xsl:attribute>
      </xsl:if>
      <CLIENT nom="{customer/last_name}" prenom="{customer/first_name}" societe="{customer/company}"/>
      <xsl:for-each select="lines/line">
        <LIGNE gencod="{ean13}" quantite="{quantity}" prix="{unit_price}"/>
      </xsl:for-each>
    </VENTE>
  </xsl:template>
</xsl:stylesheet>
