<?xml version="1.0" encoding="UTF-8"?>
<!--
  Sales as UBL 2.1 Orders (OASIS Universal Business Language), for an ERP that reads those.

  Switch it on in config.toml:

      [orders.xml]
      stylesheet = "docs/examples/ubl-order.xsl"

  A UBL Order document is one order; Passerelle writes one file a run. So:
    - one order in the run: the file is that UBL Order;
    - several: the file is an envelope, `Orders` in urn:passerelle:ubl-orders, that holds one
      complete UBL Order each. The importer takes them out one by one.

  Plain XSLT 1.0: no extension, no other file, no network. Adapt a copy of your own: what differs
  from shop to shop are the parameters and the country list that come first.
-->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
    xmlns:batch="urn:passerelle:ubl-orders"
    exclude-result-prefixes="batch">

  <xsl:output method="xml" encoding="UTF-8" indent="yes"/>

  <!-- ===== What differs from shop to shop ===== -->

  <!-- ISO 4217. Amounts are rounded to two decimals: not for a currency without cents. -->
  <xsl:param name="currency" select="'EUR'"/>

  <!-- Do unit_price, amount, shipping and discount include VAT? true() or false(), without quotes.
       Shop exports nearly always give what the customer paid, VAT included. UBL wants every price
       and amount without it, so by default VAT is taken out, each line at its own vat_rate.
       total_paid always includes VAT: it is what the customer paid. -->
  <xsl:param name="prices-include-vat" select="true()"/>

  <!-- The percent for a line that has no vat_rate. A note on the line then says so. -->
  <xsl:param name="default-vat-rate" select="20"/>

  <!-- The percent for shipping, which the export does not give. '' = the highest of the order's
       lines: right for orders at one rate, and for exports at 0. -->
  <xsl:param name="shipping-vat-rate" select="''"/>

  <!-- What 0 % means for this shop, in UN/ECE 5305: Z zero rated, E exempt, G export, O outside. -->
  <xsl:param name="zero-vat-category" select="'Z'"/>

  <!-- UBL demands a seller, and the sales do not name it. -->
  <xsl:param name="seller-name" select="'Web shop'"/>

  <!-- UBL demands a buyer too: the name of one who gave none. -->
  <xsl:param name="buyer-name" select="'Web customer'"/>

  <!-- Country names to ISO 3166-1 codes: small letters, no accents, hyphens as spaces, one |name=CODE
       a line. A two-letter code passes as it is, unless it stands here. A name that is not here is
       kept as a name, without a code. -->
  <xsl:variable name="countries">
    |france=FR
    |guadeloupe=GP
    |martinique=MQ
    |guyane=GF
    |guyane francaise=GF
    |reunion=RE
    |la reunion=RE
    |mayotte=YT
    |monaco=MC
    |belgique=BE
    |belgium=BE
    |belgie=BE
    |suisse=CH
    |switzerland=CH
    |schweiz=CH
    |svizzera=CH
    |luxembourg=LU
    |allemagne=DE
    |germany=DE
    |deutschland=DE
    |espagne=ES
    |spain=ES
    |espana=ES
    |italie=IT
    |italy=IT
    |italia=IT
    |pays bas=NL
    |netherlands=NL
    |nederland=NL
    |portugal=PT
    |autriche=AT
    |austria=AT
    |osterreich=AT
    |irlande=IE
    |ireland=IE
    |royaume uni=GB
    |united kingdom=GB
    |uk=GB
    |andorre=AD
    |andorra=AD
    |etats unis=US
    |united states=US
    |canada=CA
    |</xsl:variable>

  <!-- ===== The file ===== -->

  <xsl:template match="/orders">
    <xsl:choose>
      <xsl:when test="count(order) = 1">
        <xsl:apply-templates select="order"/>
      </xsl:when>
      <xsl:otherwise>
        <batch:Orders>
          <xsl:apply-templates select="order"/>
        </batch:Orders>
      </xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <!-- Anything else than the canonical tree is a mistake to tell, not a text to copy. -->
  <xsl:template match="/*" priority="-1">
    <xsl:message terminate="yes">ubl-order.xsl: the root is "<xsl:value-of select="name()"/>", not "orders": it reads the canonical tree only</xsl:message>
  </xsl:template>

  <!-- ===== One order ===== -->

  <xsl:template match="order">
    <xsl:call-template name="refuse-what-is-no-number"/>

    <!-- Money is counted in whole cents throughout, so that no binary fraction creeps in. -->
    <xsl:variable name="lines-net">
      <xsl:call-template name="sum">
        <xsl:with-param name="lines" select="lines/line"/>
        <xsl:with-param name="what" select="'net'"/>
      </xsl:call-template>
    </xsl:variable>
    <xsl:variable name="lines-tax">
      <xsl:call-template name="sum">
        <xsl:with-param name="lines" select="lines/line"/>
        <xsl:with-param name="what" select="'tax'"/>
      </xsl:call-template>
    </xsl:variable>
    <xsl:variable name="one-line-per-rate" select="lines/line[generate-id() =
        generate-id(key('lines-by-rate', concat(generate-id(../..), ' ', number(vat_rate)))[1])]"/>
    <xsl:variable name="discount-net">
      <xsl:call-template name="sum">
        <xsl:with-param name="lines" select="$one-line-per-rate"/>
        <xsl:with-param name="what" select="'discount-net'"/>
      </xsl:call-template>
    </xsl:variable>
    <xsl:variable name="discount-tax">
      <xsl:call-template name="sum">
        <xsl:with-param name="lines" select="$one-line-per-rate"/>
        <xsl:with-param name="what" select="'discount-tax'"/>
      </xsl:call-template>
    </xsl:variable>
    <xsl:variable name="shipping-rate">
      <xsl:apply-templates select="." mode="shipping-rate"/>
    </xsl:variable>
    <xsl:variable name="shipping" select="round(round(sum(shipping) * 1000000) div 10000)"/>
    <xsl:variable name="shipping-net">
      <xsl:call-template name="net">
        <xsl:with-param name="cents" select="$shipping"/>
        <xsl:with-param name="rate" select="$shipping-rate"/>
      </xsl:call-template>
    </xsl:variable>
    <xsl:variable name="shipping-tax">
      <xsl:call-template name="tax">
        <xsl:with-param name="cents" select="$shipping"/>
        <xsl:with-param name="rate" select="$shipping-rate"/>
      </xsl:call-template>
    </xsl:variable>
    <xsl:variable name="net" select="$lines-net - $discount-net + $shipping-net"/>
    <xsl:variable name="tax" select="$lines-tax - $discount-tax + $shipping-tax"/>
    <!-- The shop's own total is what counts; its parts may be a cent a line off through rounding.
         More than that is no rounding (gift wrap, a discount that the export leaves out…): said in
         a note, for a person to look at. -->
    <xsl:variable name="off"
        select="(round(round(sum(total_paid) * 1000000) div 10000) - $net - $tax) * boolean(total_paid)"/>
    <xsl:variable name="off-by-rounding"
        select="$off &lt;= count(lines/line) + 2 and -$off &lt;= count(lines/line) + 2"/>

    <Order>
      <cbc:UBLVersionID>2.1</cbc:UBLVersionID>
      <!-- The id is unique, the reference is not: split orders share one. -->
      <cbc:ID><xsl:value-of select="id"/></cbc:ID>
      <xsl:if test="reference">
        <cbc:SalesOrderID><xsl:value-of select="reference"/></cbc:SalesOrderID>
      </xsl:if>
      <xsl:call-template name="issued"/>
      <cbc:OrderTypeCode listID="UNCL1001">220</cbc:OrderTypeCode>
      <xsl:if test="status">
        <cbc:Note>Status: <xsl:value-of select="status"/></cbc:Note>
      </xsl:if>
      <xsl:if test="voucher">
        <cbc:Note>Voucher: <xsl:value-of select="voucher"/></cbc:Note>
      </xsl:if>
      <xsl:if test="not($off-by-rounding)">
        <cbc:Note>
          <xsl:text>Total paid is </xsl:text>
          <xsl:value-of select="format-number(($net + $tax + $off) div 100, '0.00')"/>
          <xsl:text>, but lines, shipping and discount make </xsl:text>
          <xsl:value-of select="format-number(($net + $tax) div 100, '0.00')"/>
        </cbc:Note>
      </xsl:if>
      <cbc:DocumentCurrencyCode listID="ISO4217"><xsl:value-of select="$currency"/></cbc:DocumentCurrencyCode>
      <cbc:LineCountNumeric><xsl:value-of select="count(lines/line)"/></cbc:LineCountNumeric>

      <cac:BuyerCustomerParty>
        <cac:Party>
          <xsl:call-template name="buyer-name"/>
          <xsl:call-template name="address">
            <xsl:with-param name="as" select="'cac:PostalAddress'"/>
          </xsl:call-template>
          <xsl:call-template name="contact"/>
          <xsl:if test="customer/first_name | customer/last_name">
            <cac:Person>
              <xsl:if test="customer/first_name">
                <cbc:FirstName><xsl:value-of select="customer/first_name"/></cbc:FirstName>
              </xsl:if>
              <xsl:if test="customer/last_name">
                <cbc:FamilyName><xsl:value-of select="customer/last_name"/></cbc:FamilyName>
              </xsl:if>
            </cac:Person>
          </xsl:if>
        </cac:Party>
      </cac:BuyerCustomerParty>

      <cac:SellerSupplierParty>
        <cac:Party>
          <!-- The store that sells: the order's own, else the file's. -->
          <xsl:for-each select="store | ../store[not(current()/store)]">
            <cac:PartyIdentification>
              <cbc:ID><xsl:value-of select="."/></cbc:ID>
            </cac:PartyIdentification>
          </xsl:for-each>
          <cac:PartyName>
            <cbc:Name><xsl:value-of select="$seller-name"/></cbc:Name>
          </cac:PartyName>
        </cac:Party>
      </cac:SellerSupplierParty>

      <!-- The sales carry one address: it serves as the buyer's and as the place of delivery. -->
      <xsl:if test="customer/* or carrier">
        <cac:Delivery>
          <xsl:call-template name="address">
            <xsl:with-param name="as" select="'cac:DeliveryAddress'"/>
          </xsl:call-template>
          <xsl:if test="carrier">
            <cac:CarrierParty>
              <cac:PartyName>
                <cbc:Name><xsl:value-of select="carrier"/></cbc:Name>
              </cac:PartyName>
            </cac:CarrierParty>
          </xsl:if>
          <xsl:if test="customer/*">
            <cac:DeliveryParty>
              <xsl:call-template name="buyer-name"/>
              <xsl:call-template name="contact"/>
            </cac:DeliveryParty>
          </xsl:if>
        </cac:Delivery>
      </xsl:if>

      <!-- A note and not PaymentMeans, which demands a UN/ECE code: the shop's words have none. -->
      <xsl:if test="payment">
        <cac:PaymentTerms>
          <cbc:Note><xsl:value-of select="payment"/></cbc:Note>
        </cac:PaymentTerms>
      </xsl:if>

      <!-- One allowance per VAT rate, since an allowance has only one. -->
      <xsl:for-each select="$one-line-per-rate">
        <xsl:variable name="amount">
          <xsl:apply-templates select="." mode="cents">
            <xsl:with-param name="what" select="'discount-net'"/>
          </xsl:apply-templates>
        </xsl:variable>
        <xsl:variable name="rate">
          <xsl:apply-templates select="." mode="rate"/>
        </xsl:variable>
        <xsl:if test="$amount != 0">
          <cac:AllowanceCharge>
            <cbc:ChargeIndicator>false</cbc:ChargeIndicator>
            <cbc:AllowanceChargeReasonCode listID="UNCL5189">95</cbc:AllowanceChargeReasonCode>
            <cbc:AllowanceChargeReason>
              <xsl:text>Discount</xsl:text>
              <xsl:for-each select="../../voucher">
                <xsl:value-of select="concat(' (', ., ')')"/>
              </xsl:for-each>
            </cbc:AllowanceChargeReason>
            <xsl:call-template name="amount">
              <xsl:with-param name="as" select="'cbc:Amount'"/>
              <xsl:with-param name="cents" select="$amount"/>
            </xsl:call-template>
            <cac:TaxCategory>
              <xsl:call-template name="vat">
                <xsl:with-param name="rate" select="$rate"/>
              </xsl:call-template>
            </cac:TaxCategory>
          </cac:AllowanceCharge>
        </xsl:if>
      </xsl:for-each>

      <xsl:if test="$shipping-net != 0">
        <cac:AllowanceCharge>
          <cbc:ChargeIndicator>true</cbc:ChargeIndicator>
          <cbc:AllowanceChargeReasonCode listID="UNCL7161">FC</cbc:AllowanceChargeReasonCode>
          <cbc:AllowanceChargeReason>Shipping</cbc:AllowanceChargeReason>
          <xsl:call-template name="amount">
            <xsl:with-param name="as" select="'cbc:Amount'"/>
            <xsl:with-param name="cents" select="$shipping-net"/>
          </xsl:call-template>
          <cac:TaxCategory>
            <xsl:call-template name="vat">
              <xsl:with-param name="rate" select="$shipping-rate"/>
            </xsl:call-template>
          </cac:TaxCategory>
        </cac:AllowanceCharge>
      </xsl:if>

      <cac:TaxTotal>
        <xsl:call-template name="amount">
          <xsl:with-param name="as" select="'cbc:TaxAmount'"/>
          <xsl:with-param name="cents" select="$tax"/>
        </xsl:call-template>
      </cac:TaxTotal>

      <cac:AnticipatedMonetaryTotal>
        <xsl:call-template name="amount">
          <xsl:with-param name="as" select="'cbc:LineExtensionAmount'"/>
          <xsl:with-param name="cents" select="$lines-net"/>
        </xsl:call-template>
        <xsl:call-template name="amount">
          <xsl:with-param name="as" select="'cbc:TaxExclusiveAmount'"/>
          <xsl:with-param name="cents" select="$net"/>
        </xsl:call-template>
        <xsl:call-template name="amount">
          <xsl:with-param name="as" select="'cbc:TaxInclusiveAmount'"/>
          <xsl:with-param name="cents" select="$net + $tax"/>
        </xsl:call-template>
        <xsl:if test="$discount-net != 0">
          <xsl:call-template name="amount">
            <xsl:with-param name="as" select="'cbc:AllowanceTotalAmount'"/>
            <xsl:with-param name="cents" select="$discount-net"/>
          </xsl:call-template>
        </xsl:if>
        <xsl:if test="$shipping-net != 0">
          <xsl:call-template name="amount">
            <xsl:with-param name="as" select="'cbc:ChargeTotalAmount'"/>
            <xsl:with-param name="cents" select="$shipping-net"/>
          </xsl:call-template>
        </xsl:if>
        <xsl:if test="$off != 0 and $off-by-rounding">
          <xsl:call-template name="amount">
            <xsl:with-param name="as" select="'cbc:PayableRoundingAmount'"/>
            <xsl:with-param name="cents" select="$off"/>
          </xsl:call-template>
        </xsl:if>
        <xsl:call-template name="amount">
          <xsl:with-param name="as" select="'cbc:PayableAmount'"/>
          <xsl:with-param name="cents" select="$net + $tax + $off"/>
        </xsl:call-template>
      </cac:AnticipatedMonetaryTotal>

      <xsl:apply-templates select="lines/line"/>
    </Order>
  </xsl:template>

  <!-- IssueDate is demanded: an order without a date takes the file's. -->
  <xsl:template name="issued">
    <xsl:variable name="issued" select="string(date | ../generated[not(current()/date)])"/>
    <!-- The shape of it: any digit as 0. -->
    <xsl:variable name="shape" select="translate($issued, '123456789', '000000000')"/>
    <xsl:variable name="zone" select="substring($shape, 20)"/>
    <xsl:if test="not(starts-with($shape, '0000-00-00'))">
      <xsl:message terminate="yes">ubl-order.xsl: order <xsl:value-of select="id"/>: "<xsl:value-of select="$issued"/>" is no ISO date: set date_format in [orders.xml] to its default</xsl:message>
    </xsl:if>
    <cbc:IssueDate><xsl:value-of select="substring($issued, 1, 10)"/></cbc:IssueDate>
    <xsl:if test="starts-with(substring($shape, 12), '00:00:00')">
      <cbc:IssueTime>
        <xsl:value-of select="substring($issued, 12, 8)"/>
        <!-- Only an offset that XML knows: +0100, without its colon, would make the file invalid. -->
        <xsl:if test="$zone = 'Z' or $zone = '+00:00' or $zone = '-00:00'">
          <xsl:value-of select="substring($issued, 20)"/>
        </xsl:if>
      </cbc:IssueTime>
    </xsl:if>
  </xsl:template>

  <!-- ===== The customer (each is called on an order, which may have none) ===== -->

  <xsl:template name="buyer-name">
    <xsl:variable name="person"
        select="normalize-space(concat(customer/first_name, ' ', customer/last_name))"/>
    <cac:PartyName>
      <cbc:Name>
        <xsl:choose>
          <xsl:when test="customer/company"><xsl:value-of select="customer/company"/></xsl:when>
          <xsl:when test="$person != ''"><xsl:value-of select="$person"/></xsl:when>
          <xsl:otherwise><xsl:value-of select="$buyer-name"/></xsl:otherwise>
        </xsl:choose>
      </cbc:Name>
    </cac:PartyName>
  </xsl:template>

  <xsl:template name="contact">
    <xsl:variable name="person"
        select="normalize-space(concat(customer/first_name, ' ', customer/last_name))"/>
    <!-- UBL forbids empty elements: no contact rather than a blank one. -->
    <xsl:if test="$person != '' or customer/phone or customer/email">
      <cac:Contact>
        <xsl:if test="$person != ''">
          <cbc:Name><xsl:value-of select="$person"/></cbc:Name>
        </xsl:if>
        <xsl:if test="customer/phone">
          <cbc:Telephone><xsl:value-of select="customer/phone"/></cbc:Telephone>
        </xsl:if>
        <xsl:if test="customer/email">
          <cbc:ElectronicMail><xsl:value-of select="customer/email"/></cbc:ElectronicMail>
        </xsl:if>
      </cac:Contact>
    </xsl:if>
  </xsl:template>

  <xsl:template name="address">
    <xsl:param name="as"/>
    <xsl:for-each select="customer[address1 or address2 or postcode or city or country]">
      <xsl:element name="{$as}">
        <xsl:if test="address1">
          <cbc:StreetName><xsl:value-of select="address1"/></cbc:StreetName>
        </xsl:if>
        <xsl:if test="address2">
          <cbc:AdditionalStreetName><xsl:value-of select="address2"/></cbc:AdditionalStreetName>
        </xsl:if>
        <xsl:if test="city">
          <cbc:CityName><xsl:value-of select="city"/></cbc:CityName>
        </xsl:if>
        <xsl:if test="postcode">
          <cbc:PostalZone><xsl:value-of select="postcode"/></cbc:PostalZone>
        </xsl:if>
        <xsl:apply-templates select="country"/>
      </xsl:element>
    </xsl:for-each>
  </xsl:template>

  <xsl:template match="country">
    <xsl:variable name="name" select="normalize-space(translate(.,
        'ABCDEFGHIJKLMNOPQRSTUVWXYZàâäçéèêëîïôöùûüñÀÂÄÇÉÈÊËÎÏÔÖÙÛÜÑ-',
        'abcdefghijklmnopqrstuvwxyzaaaceeeeiioouuunaaaceeeeiioouuun '))"/>
    <xsl:variable name="known"
        select="substring(substring-after($countries, concat('|', $name, '=')), 1, 2)"/>
    <xsl:variable name="is-code" select="string-length($name) = 2
        and translate($name, 'abcdefghijklmnopqrstuvwxyz', '') = ''"/>
    <cac:Country>
      <xsl:choose>
        <xsl:when test="$known != ''">
          <cbc:IdentificationCode listID="ISO3166-1:Alpha2"><xsl:value-of select="$known"/></cbc:IdentificationCode>
        </xsl:when>
        <xsl:when test="$is-code">
          <cbc:IdentificationCode listID="ISO3166-1:Alpha2">
            <xsl:value-of select="translate($name, 'abcdefghijklmnopqrstuvwxyz', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ')"/>
          </cbc:IdentificationCode>
        </xsl:when>
      </xsl:choose>
      <xsl:if test="not($is-code)">
        <cbc:Name><xsl:value-of select="."/></cbc:Name>
      </xsl:if>
    </cac:Country>
  </xsl:template>

  <!-- ===== One line ===== -->

  <xsl:template match="line">
    <xsl:variable name="rate">
      <xsl:apply-templates select="." mode="rate"/>
    </xsl:variable>
    <xsl:variable name="net">
      <xsl:apply-templates select="." mode="cents">
        <xsl:with-param name="what" select="'net'"/>
      </xsl:apply-templates>
    </xsl:variable>
    <xsl:variable name="tax">
      <xsl:apply-templates select="." mode="cents">
        <xsl:with-param name="what" select="'tax'"/>
      </xsl:apply-templates>
    </xsl:variable>
    <cac:OrderLine>
      <xsl:if test="not(vat_rate)">
        <cbc:Note>VAT rate not given by the shop: <xsl:value-of select="$rate"/> % assumed</cbc:Note>
      </xsl:if>
      <cac:LineItem>
        <cbc:ID><xsl:value-of select="position()"/></cbc:ID>
        <!-- C62: "one", a piece. -->
        <cbc:Quantity unitCode="C62" unitCodeListID="UNECERec20"><xsl:value-of select="quantity"/></cbc:Quantity>
        <xsl:call-template name="amount">
          <xsl:with-param name="as" select="'cbc:LineExtensionAmount'"/>
          <xsl:with-param name="cents" select="$net"/>
        </xsl:call-template>
        <xsl:call-template name="amount">
          <xsl:with-param name="as" select="'cbc:TotalTaxAmount'"/>
          <xsl:with-param name="cents" select="$tax"/>
        </xsl:call-template>
        <!-- Six decimals, so that quantity times price makes the line's amount again. -->
        <cac:Price>
          <cbc:PriceAmount currencyID="{$currency}">
            <xsl:value-of select="format-number(round(round(unit_price * 1000000) * 10000
                div (10000 + round($rate * 100) * boolean($prices-include-vat))) div 1000000, '0.00####')"/>
          </cbc:PriceAmount>
        </cac:Price>
        <cac:Item>
          <xsl:call-template name="item-name"/>
          <xsl:if test="product_reference">
            <cac:SellersItemIdentification>
              <cbc:ID><xsl:value-of select="product_reference"/></cbc:ID>
            </cac:SellersItemIdentification>
          </xsl:if>
          <!-- 0160: a GTIN, in the ISO 6523 list of schemes. A code with anything but digits is none. -->
          <xsl:if test="ean13">
            <cac:StandardItemIdentification>
              <cbc:ID>
                <xsl:if test="translate(ean13, '0123456789', '') = ''">
                  <xsl:attribute name="schemeID">0160</xsl:attribute>
                </xsl:if>
                <xsl:value-of select="ean13"/>
              </cbc:ID>
            </cac:StandardItemIdentification>
          </xsl:if>
          <xsl:if test="product_id">
            <cac:AdditionalItemIdentification>
              <cbc:ID schemeID="product_id"><xsl:value-of select="product_id"/></cbc:ID>
            </cac:AdditionalItemIdentification>
          </xsl:if>
          <cac:ClassifiedTaxCategory>
            <xsl:call-template name="vat">
              <xsl:with-param name="rate" select="$rate"/>
            </xsl:call-template>
          </cac:ClassifiedTaxCategory>
        </cac:Item>
      </cac:LineItem>
    </cac:OrderLine>
  </xsl:template>

  <xsl:template name="item-name">
    <xsl:variable name="name" select="(product_name | product_reference[not(../product_name)]
        | ean13[not(../product_name | ../product_reference)])[1]"/>
    <xsl:if test="$name">
      <cbc:Name><xsl:value-of select="$name"/></cbc:Name>
    </xsl:if>
  </xsl:template>

  <!-- ===== VAT and money ===== -->

  <!-- One order's lines at one rate; lines without a rate are NaN, and so together. -->
  <xsl:key name="lines-by-rate" match="line" use="concat(generate-id(../..), ' ', number(vat_rate))"/>

  <xsl:template match="line" mode="rate">
    <xsl:value-of select="sum(vat_rate) + $default-vat-rate * not(vat_rate)"/>
  </xsl:template>

  <xsl:template match="order" mode="shipping-rate">
    <xsl:choose>
      <xsl:when test="string($shipping-vat-rate) != ''">
        <xsl:value-of select="$shipping-vat-rate"/>
      </xsl:when>
      <xsl:otherwise>
        <xsl:for-each select="lines/line">
          <xsl:sort select="sum(vat_rate) + $default-vat-rate * not(vat_rate)"
              data-type="number" order="descending"/>
          <xsl:if test="position() = 1">
            <xsl:apply-templates select="." mode="rate"/>
          </xsl:if>
        </xsl:for-each>
      </xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <!-- UN/ECE 5305: S is any rate above zero, reduced ones too. -->
  <xsl:template name="vat">
    <xsl:param name="rate"/>
    <cbc:ID schemeID="UNCL5305">
      <xsl:choose>
        <xsl:when test="$rate = 0"><xsl:value-of select="$zero-vat-category"/></xsl:when>
        <xsl:otherwise>S</xsl:otherwise>
      </xsl:choose>
    </cbc:ID>
    <cbc:Percent><xsl:value-of select="$rate"/></cbc:Percent>
    <cac:TaxScheme>
      <cbc:ID>VAT</cbc:ID>
    </cac:TaxScheme>
  </xsl:template>

  <xsl:template name="amount">
    <xsl:param name="as"/>
    <xsl:param name="cents"/>
    <xsl:element name="{$as}">
      <xsl:attribute name="currencyID"><xsl:value-of select="$currency"/></xsl:attribute>
      <xsl:value-of select="format-number($cents div 100, '0.00')"/>
    </xsl:element>
  </xsl:template>

  <!-- A sum of the shop's (cents), without VAT. Both sides of the division are whole numbers, so
       half a cent is exactly half a cent and goes up. -->
  <xsl:template name="net">
    <xsl:param name="cents"/>
    <xsl:param name="rate"/>
    <xsl:value-of select="round($cents * 10000
        div (10000 + round($rate * 100) * boolean($prices-include-vat)))"/>
  </xsl:template>

  <!-- Its VAT. Taken out of a price it is what is left, so that net and VAT make the price again
       and the order comes to what the customer paid, to the cent. -->
  <xsl:template name="tax">
    <xsl:param name="cents"/>
    <xsl:param name="rate"/>
    <xsl:choose>
      <xsl:when test="$prices-include-vat">
        <xsl:value-of select="$cents - round($cents * 10000 div (10000 + round($rate * 100)))"/>
      </xsl:when>
      <xsl:otherwise>
        <xsl:value-of select="round($cents * round($rate * 100) div 10000)"/>
      </xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <!-- What a line comes to, in cents: its `net`, its `tax`, its share of the order's `discount`;
       `discount-net` and `discount-tax` are for all the lines at its rate together. -->
  <xsl:template match="line" mode="cents">
    <xsl:param name="what"/>
    <xsl:variable name="rate">
      <xsl:apply-templates select="." mode="rate"/>
    </xsl:variable>
    <xsl:variable name="cents">
      <xsl:choose>
        <xsl:when test="$what = 'discount'">
          <xsl:call-template name="share-of-discount"/>
        </xsl:when>
        <xsl:when test="starts-with($what, 'discount-')">
          <xsl:call-template name="sum">
            <xsl:with-param name="lines"
                select="key('lines-by-rate', concat(generate-id(../..), ' ', number(vat_rate)))"/>
            <xsl:with-param name="what" select="'discount'"/>
          </xsl:call-template>
        </xsl:when>
        <xsl:otherwise>
          <xsl:value-of select="round(round(amount * 1000000) div 10000)"/>
        </xsl:otherwise>
      </xsl:choose>
    </xsl:variable>
    <xsl:choose>
      <xsl:when test="$what = 'net' or $what = 'discount-net'">
        <xsl:call-template name="net">
          <xsl:with-param name="cents" select="$cents"/>
          <xsl:with-param name="rate" select="$rate"/>
        </xsl:call-template>
      </xsl:when>
      <xsl:when test="$what = 'tax' or $what = 'discount-tax'">
        <xsl:call-template name="tax">
          <xsl:with-param name="cents" select="$cents"/>
          <xsl:with-param name="rate" select="$rate"/>
        </xsl:call-template>
      </xsl:when>
      <xsl:otherwise>
        <xsl:value-of select="$cents"/>
      </xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <!-- The order's discount is shared among its lines by their amounts. Each takes the discount up
       to and with itself less that up to the line before, so the shares make the whole, to the cent. -->
  <xsl:template name="share-of-discount">
    <!-- Some exports write a discount as a negative number. -->
    <xsl:variable name="discount"
        select="round(round(sum(../../discount) * (1 - 2 * (sum(../../discount) &lt; 0)) * 1000000) div 10000)"/>
    <xsl:choose>
      <xsl:when test="$discount = 0">0</xsl:when>
      <xsl:when test="sum(../line/amount) = 0">
        <xsl:value-of select="$discount * not(preceding-sibling::line)"/>
      </xsl:when>
      <xsl:otherwise>
        <xsl:variable name="all" select="round(sum(../line/amount) * 100)"/>
        <xsl:variable name="before" select="round(sum(preceding-sibling::line/amount) * 100)"/>
        <xsl:variable name="with" select="round((sum(preceding-sibling::line/amount) + amount) * 100)"/>
        <xsl:value-of select="round($discount * $with div $all) - round($discount * $before div $all)"/>
      </xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <!-- XSLT 1.0 can only sum what stands in the file, not what is computed. Halving the list keeps
       the recursion shallow, however many lines there are. -->
  <xsl:template name="sum">
    <xsl:param name="lines"/>
    <xsl:param name="what"/>
    <xsl:variable name="half" select="floor(count($lines) div 2)"/>
    <xsl:choose>
      <xsl:when test="$half = 0">
        <xsl:apply-templates select="$lines" mode="cents">
          <xsl:with-param name="what" select="$what"/>
        </xsl:apply-templates>
      </xsl:when>
      <xsl:otherwise>
        <xsl:variable name="first">
          <xsl:call-template name="sum">
            <xsl:with-param name="lines" select="$lines[position() &lt;= $half]"/>
            <xsl:with-param name="what" select="$what"/>
          </xsl:call-template>
        </xsl:variable>
        <xsl:variable name="second">
          <xsl:call-template name="sum">
            <xsl:with-param name="lines" select="$lines[position() &gt; $half]"/>
            <xsl:with-param name="what" select="$what"/>
          </xsl:call-template>
        </xsl:variable>
        <xsl:value-of select="$first + $second"/>
      </xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <!-- "12,50" would silently become NaN in every total. -->
  <xsl:template name="refuse-what-is-no-number">
    <xsl:variable name="wrong" select="(shipping | discount | total_paid | lines/line/quantity
        | lines/line/unit_price | lines/line/vat_rate | lines/line/amount)[string(number()) = 'NaN']"/>
    <xsl:if test="$wrong">
      <xsl:message terminate="yes">ubl-order.xsl: order <xsl:value-of select="id"/>: <xsl:value-of select="name($wrong)"/>: "<xsl:value-of select="$wrong"/>" is no number: set decimal in [orders.xml] to "."</xsl:message>
    </xsl:if>
  </xsl:template>

</xsl:stylesheet>
